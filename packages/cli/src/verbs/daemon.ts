import {
  type AddOptions,
  isBitloomError,
  type Logger,
  type Metainfo,
  openDesk,
  type SessionLimits,
} from '@bitloom/core'
import { resolve } from 'node:path'
import { countRepeats } from '../daemon/repeats.js'
import { watchFolder } from '../daemon/watch-folder.js'
import { reportDesk } from '../daemon/report.js'
import { sentenceOf } from '../exit-codes.js'
import { lockState } from '../lock.js'
import { structuredLog } from '../log.js'
import type { Runtime } from '../runtime.js'
import { checkStrategies, openSession } from '../session.js'
import type { common, daemon as daemonGroup, engine, incomplete, Values } from '../settings/schema.js'
import { makeFolder } from '../state-dir.js'
import { aborted } from '../stop.js'
import { addOptionsOf, checkModes, incompleteOf, scheduleOf, sessionOptionsOf } from '../transfer-options.js'

/** How often the log says what came again. */
const tellEveryMs = 3_600_000

type DaemonOptions = Values<typeof common> &
  Values<typeof engine> &
  Values<typeof incomplete> &
  Values<typeof daemonGroup>

/**
 * `daemon`: goes on with the torrents of its state folder, adds those whose files come into the watched folders, and runs
 * until it is stopped.
 */
export async function daemon(runtime: Runtime, _operands: readonly string[], options: DaemonOptions): Promise<number> {
  const { cwd, output, stop, stateDir } = runtime
  const directory = resolve(cwd, options.output)
  const schedule = scheduleOf(options)
  const watched = (options.watch ?? []).map((path) => resolve(cwd, path))
  for (const path of [directory, ...watched]) await makeFolder(path)
  const lock = await lockState(stateDir)
  const repeats = countRepeats(options.logFile === undefined ? await structuredLog(runtime.verbosity) : runtime.log)
  const { log } = repeats
  const telling = setInterval(() => repeats.tell(), tellEveryMs).unref()
  try {
    const { limits, listen } = await sessionOptionsOf(options)
    const { session, host } = await openSession(
      { ...runtime, log },
      { limits: { ...limits, ...queueLimits(options) }, ...(listen === undefined ? {} : { listen }) },
    )
    stop.exitCode = 0
    try {
      checkStrategies(host, options)
      session.schedule(schedule)
      output.event({
        event: 'listening',
        addresses: session.addresses.map(({ host: at, port }) => ({ host: at, port })),
      })
      log.info('the daemon runs', { stateDir, directory, watched, addresses: session.addresses })
      reportDesk(openDesk(session), output, log)
      const restored = await session.restore()
      log.info('torrents of earlier runs go on', { count: restored.length })
      const rules = addOptionsFor(options, cwd)
      // What becomes of it is told by the desk.
      const add = async (torrent: Metainfo): Promise<void> => void (await session.add({ torrent, ...rules }))
      const watches = watched.map((path) =>
        watchFolder({ directory: path, everyMs: options.watchEvery, add, log }, stop.signal),
      )
      await aborted(stop.signal)
      log.info('the daemon stops')
      await Promise.all(watches)
    } finally {
      await session.close().catch((error: unknown) => tellLate(error, log))
    }
  } finally {
    clearInterval(telling)
    repeats.tell()
    await lock.release()
  }
  return 0
}

/**
 * A stop does not wait for a disk that takes too long: what is not saved then goes on from its last checkpoint.
 * @throws what is wrong beside that
 */
function tellLate(error: unknown, log: Logger): void {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  if (!errors.every((one) => isBitloomError(one) && one.code === 'CLOSED')) throw error
  log.warn('not all was saved in time: what was not goes on from its last checkpoint', {
    count: errors.length,
    reason: sentenceOf(errors[0]),
  })
}

function queueLimits(options: DaemonOptions): Partial<SessionLimits> {
  const { activeDownloads, activeSeeds, activeChecks, seedRatio, seedTime } = options
  return { activeDownloads, activeSeeds, activeChecks, seedRatio, seedMs: seedTime }
}

/** How a torrent of a watched folder is added. */
function addOptionsFor(options: DaemonOptions, cwd: string): Omit<AddOptions, 'torrent'> {
  return {
    directory: resolve(cwd, options.output),
    ...incompleteOf(options, cwd),
    check: checkModes[options.check],
    ...addOptionsOf(options),
  }
}
