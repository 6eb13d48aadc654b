/** What programs that run `bitloom` may want to know: its events and exit codes. */
export type { BitloomEvent, ErrorEvent, EventAddress, PeerEvent, ProgressEvent } from './events.js'
export { type ExitName, exitCodes } from './exit-codes.js'
