import { BitloomError } from '../bytes/errors.js'

/** Why an address cannot be listened at: ADDRESS_IN_USE, DENIED or IO, with a sentence that names it. */
export function addressError(cause: NodeJS.ErrnoException, address: string): BitloomError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new BitloomError('ADDRESS_IN_USE', `${address} is in use`, { cause })
    case 'EACCES':
    case 'EPERM':
      return new BitloomError('DENIED', `listening at ${address} is not permitted`, { cause })
    default:
      return new BitloomError('IO', `cannot listen at ${address}: ${cause.message}`, { cause })
  }
}
