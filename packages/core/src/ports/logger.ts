import { token } from './token.js'

export type LogFields = Readonly<Record<string, unknown>>

/** Where core and plugins say what happened. Secrets (passkeys) are redacted before they reach it. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export const Logger = token<Logger>('Logger')
