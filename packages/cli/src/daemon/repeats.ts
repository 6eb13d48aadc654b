import type { LogFields, Logger } from '@bitloom/core'
import { createCauses } from '../causes.js'

/** A logger that says each warning and error once, and how often it came again when it is asked. */
export interface Repeats {
  readonly log: Logger
  /** Logs the counts since the last time. */
  tell(): void
}

/**
 * What is the same warning for several torrents is said for the first and counted for the others; an error is said for
 * each torrent.
 */
export function countRepeats(log: Logger): Repeats {
  const causes = createCauses()
  const isNew = (message: string, fields: LogFields, isForEach: boolean): boolean => {
    const { torrent, reason, error, url, path } = fields
    const about = typeof torrent === 'string' ? torrent : undefined
    const why = error instanceof Error ? error.message : reason
    const cause = JSON.stringify([message, why, url, path, isForEach ? about : undefined])
    return causes.isNew(cause, typeof why === 'string' ? `${message}: ${why}` : message, about)
  }
  return {
    log: {
      debug: (message, fields) => log.debug(message, fields),
      info: (message, fields) => log.info(message, fields),
      warn: (message, fields = {}) => void (isNew(message, fields, false) && log.warn(message, fields)),
      error: (message, fields = {}) => void (isNew(message, fields, true) && log.error(message, fields)),
    },
    tell() {
      for (const text of causes.counts()) log.warn(text)
    },
  }
}
