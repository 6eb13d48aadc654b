import type { Logger, LogFields } from '@bitloom/core'
import type { Output } from './output.js'
import { CliError, systemReason } from './exit-codes.js'
import { closeSync, openSync } from 'node:fs'

/** What is logged and where. */
export interface LogOptions {
  /** 0: warnings on stderr, 1 (`-v`): what happens, 2 (`-vv`): everything. */
  readonly verbosity: number
  /** Everything of level info and up goes here too, with `-vv` all; JSON lines. */
  readonly file: string | undefined
  readonly output: Output
}

/** The logger behind the `Logger` port. pino is loaded only for a log file. @throws CliError CANNOT_CREATE */
export async function createLog(options: LogOptions): Promise<Logger> {
  const onTerminal = terminalLog(options)
  if (options.file === undefined) return onTerminal
  const inFile = await fileLog(options.file, options.verbosity)
  return {
    debug: (message, fields) => (onTerminal.debug(message, fields), inFile.debug(message, fields)),
    info: (message, fields) => (onTerminal.info(message, fields), inFile.info(message, fields)),
    warn: (message, fields) => (onTerminal.warn(message, fields), inFile.warn(message, fields)),
    error: (message, fields) => (onTerminal.error(message, fields), inFile.error(message, fields)),
  }
}

function terminalLog({ verbosity, output }: LogOptions): Logger {
  const line = (message: string, fields: LogFields = {}): string =>
    message +
    Object.entries(fields)
      .map(([key, value]) => ` ${key}=${fieldText(value)}`)
      .join('')
  return {
    debug: (message, fields) => void (verbosity > 1 && output.note(`debug ${line(message, fields)}`)),
    info: (message, fields) => void (verbosity > 0 && output.note(`info ${line(message, fields)}`)),
    warn: (message, fields) => output.warn(line(message, fields), { cause: message }),
    error: (message, fields) => output.warn(line(message, fields), { cause: message }),
  }
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}

async function fileLog(path: string, verbosity: number): Promise<Logger> {
  try {
    closeSync(openSync(path, 'a', 0o600))
  } catch (cause) {
    throw new CliError('CANNOT_CREATE', `The log file ${path} cannot be written: ${systemReason(cause)}`, {
      path,
      cause,
    })
  }
  return structuredLog(verbosity, path)
}

/** A log of JSON lines, on standard error unless it has a file. */
export async function structuredLog(verbosity: number, path?: string): Promise<Logger> {
  const { default: pino } = await import('pino')
  const logger = pino(
    {
      level: verbosity > 1 ? 'debug' : 'info',
      base: { pid: process.pid },
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ dest: path ?? process.stderr.fd, append: true, sync: true }),
  )
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
  }
}
