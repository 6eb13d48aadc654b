import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Bits,
  createSession,
  fileSpans,
  infoHashName,
  type IpEndpoint,
  isBitloomError,
  Logger,
  type Metainfo,
  type Plugin,
  pluginContract,
  ResumeStore,
  type Session,
  Storage,
} from '@bitloom/core'
import { type FileSystem, nodePorts, systemFiles } from '@bitloom/core/node'
import { piecePicker } from '@bitloom/piece-picker'
import { fileResumeStore } from '@bitloom/resume-fs'
import { fileStorage } from '@bitloom/storage-fs'
import { diskWith, type OneFault } from './one-fault.js'

const quiet = (): void => {}

/** Data and records on a disk; what is logged as an error goes to `errors`. */
function keeping(disk: FileSystem, records: string, errors: unknown[]): Plugin {
  const error = (message: string, fields?: unknown): void => void errors.push([message, fields])
  const log: Logger = { debug: quiet, info: quiet, warn: quiet, error }
  return {
    name: 'keeping',
    contract: pluginContract,
    bind: (bindings) => {
      bindings.value(Logger, log)
      bindings.value(Storage, fileStorage({ maxOpenFiles: 8, extentBytes: 16_384 }, disk))
      bindings.value(ResumeStore, fileResumeStore(records, log, disk))
    },
  }
}

/** Resolves when a torrent may look different. */
function touched(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const end = session.touched(() => {
      end()
      resolve()
    })
  })
}

/** What came of a run. Every list is empty where all went well. */
export interface RunOutcome {
  /** The errors that were told, of the torrent or of the end of its session. */
  readonly told: readonly unknown[]
  /** Sentences on what should not have been. */
  readonly wrong: readonly string[]
}

/**
 * Downloads a torrent from `peer` into `folder` while one call of its files or sockets fails. A torrent that fails is
 * checked again, as a user would; what cannot be flushed at the end is looked at by one more session. The folder is deleted.
 */
export async function runWith(
  fault: OneFault,
  torrent: Metainfo,
  peer: IpEndpoint,
  folder: string,
): Promise<RunOutcome> {
  const run = new Run(torrent, peer, folder)
  await run.session(diskWith(fault))
  // Whoever closes hears of a flush that fails; what the record says then holds for the next start.
  if (!run.isClosedWell) await run.session(systemFiles)
  run.look()
  await rm(folder, { recursive: true })
  return run
}

class Run implements RunOutcome {
  readonly told: unknown[] = []
  readonly wrong: string[] = []
  isClosedWell = false
  readonly #torrent: Metainfo
  readonly #peer: IpEndpoint
  readonly #data: string
  readonly #records: string

  constructor(torrent: Metainfo, peer: IpEndpoint, folder: string) {
    this.#torrent = torrent
    this.#peer = peer
    this.#data = join(folder, 'data')
    this.#records = join(folder, 'records')
  }

  async session(disk: FileSystem): Promise<void> {
    const faults: unknown[] = []
    const plugins = [nodePorts({ hashWorkers: 0 }), piecePicker(), keeping(disk, this.#records, faults)]
    const session = await createSession({ plugins, listen: false })
    session.hooks.pieceVerified.tap((piece) => {
      if (!isOnDisk(this.#torrent, this.#data, piece)) this.wrong.push(`piece ${piece} is told, and is not there`)
    })
    await this.#download(session)
    await session.close().then(
      () => (this.isClosedWell = true),
      (error: unknown) => this.#tell(error),
    )
    await this.#checkRecord()
    for (const fault of faults) this.wrong.push(`a fault: ${JSON.stringify(fault)}`)
  }

  async #download(session: Session): Promise<void> {
    const handle = await session.add({ torrent: this.#torrent, directory: this.#data, peers: [this.#peer] })
    for (const promise of [handle.ready, handle.completed]) promise.catch(quiet)
    session.hooks.torrentFailed.tap((error) => this.#tell(error))
    // What the user names is dialled at once.
    session.hooks.peerDisconnected.tap(() => handle.control.addPeers([this.#peer], 'user'))
    const { view } = handle
    while (view.state !== 'seeding') {
      await touched(session)
      if (view.state !== 'failed') continue
      await this.#checkRecord()
      handle.control.recheck()
    }
  }

  #tell(error: unknown): void {
    const errors = error instanceof AggregateError ? error.errors : [error]
    this.told.push(...errors)
    for (const one of errors) if (!isBitloomError(one)) this.wrong.push(`an error without a code: ${String(one)}`)
  }

  /** What the record claims is there. */
  async #checkRecord(): Promise<void> {
    const store = fileResumeStore(this.#records, { warn: quiet })
    const record = await store.get(infoHashName(this.#torrent.infoHashes))
    if (record === undefined || record.have.length === 0) return
    const claimed = Bits.from(record.have, this.#torrent.layout.pieceCount)
    for (let piece = claimed.nextSet(0); piece >= 0; piece = claimed.nextSet(piece + 1)) {
      if (!isOnDisk(this.#torrent, this.#data, piece)) this.wrong.push(`the record claims piece ${piece}`)
    }
  }

  /** All data is there, and no more than it. */
  look(): void {
    const { layout, files } = this.#torrent
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (!isOnDisk(this.#torrent, this.#data, piece)) this.wrong.push(`piece ${piece} is wrong`)
    }
    for (const { path, lengthBytes } of files) {
      const { size } = statSync(join(this.#data, path), { throwIfNoEntry: false }) ?? { size: -1 }
      if (size !== lengthBytes) this.wrong.push(`${path} has ${size} bytes for ${lengthBytes}`)
    }
  }
}

/** Whether a piece is whole and right in a folder now, by hashing it. */
function isOnDisk({ files, layout, verifier }: Metainfo, directory: string, piece: number): boolean {
  if (verifier.kind !== 'sha1') throw new Error('only v1 torrents are looked at')
  const bytes = new Uint8Array(layout.pieceLength(piece))
  let at = 0
  for (const { file, offsetBytes, lengthBytes } of fileSpans({ files, layout }, piece, 0, bytes.length)) {
    readInto(join(directory, files[file]?.path ?? ''), bytes.subarray(at, at + lengthBytes), offsetBytes)
    at += lengthBytes
  }
  const digest = createHash('sha1').update(bytes).digest()
  return digest.equals(verifier.hashes.subarray(piece * 20, piece * 20 + 20))
}

/** Reads nothing where there is no file. */
function readInto(path: string, into: Uint8Array, position: number): void {
  if (!existsSync(path)) return
  const descriptor = openSync(path, 'r')
  readSync(descriptor, into, 0, into.length, position)
  closeSync(descriptor)
}
