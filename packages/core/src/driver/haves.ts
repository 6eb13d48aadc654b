import { Bits } from '../bytes/bits.js'
import { infoHashName } from '../metainfo/info-hash.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { ResumeStore } from '../ports/resume-store.js'
import type { StorageHandle } from '../ports/storage.js'
import type { TorrentView } from '../ports/views.js'
import { checkData } from './checker.js'
import type { EngineContext } from './context.js'

export interface HavesInput {
  readonly metainfo: Metainfo
  readonly storage: StorageHandle
  /** See `AddOptions.check`. */
  readonly how: 'full' | 'resume' | 'skip'
  readonly directory: string
  readonly signal: AbortSignal
}

/** Finds out which pieces are there: by trust, by a resume record, or by hashing. */
export async function findHaves(
  context: EngineContext,
  input: HavesInput,
  progress: (checkedPieces: number) => void,
): Promise<Bits> {
  const { metainfo, storage, how, signal } = input
  const { pieceCount } = metainfo.layout
  if (how === 'skip') return Bits.full(pieceCount)
  const trusted = how === 'resume' ? await trustedHaves(context, input) : undefined
  if (trusted !== undefined) return trusted
  const { hasher, memory } = context
  return checkData({ metainfo, storage, hasher, memory, signal, nextJobId: () => context.nextId(), progress })
}

async function trustedHaves(context: EngineContext, input: HavesInput): Promise<Bits | undefined> {
  const { metainfo, directory, storage } = input
  const record = await context.services.get(ResumeStore).get(infoHashName(metainfo.infoHashes))
  if (record === undefined || record.directory !== directory) return undefined
  if (record.have.length !== (metainfo.layout.pieceCount + 7) >> 3) return undefined
  const have = Bits.from(record.have, metainfo.layout.pieceCount)
  const present = await storage.present()
  const isThere = (piece: number): boolean => present?.has(piece) !== false
  for (let piece = have.nextSet(0); piece >= 0; piece = have.nextSet(piece + 1)) if (!isThere(piece)) return undefined
  return have
}

/** Remembers durable pieces for the next time; called after a `sync`. */
export async function saveHaves(
  context: EngineContext,
  input: { metainfo: Metainfo; have: Bits; view: TorrentView },
): Promise<void> {
  const { metainfo, have, view } = input
  const { infoHashes } = metainfo
  const { uploadedBytes, receivedBytes } = view.stats
  await context.services.get(ResumeStore).put(infoHashName(metainfo.infoHashes), {
    infoHashes,
    directory: view.directory,
    storage: view.storage,
    have: have.toBytes(),
    uploadedBytes,
    downloadedBytes: receivedBytes,
  })
}

/** What was remembered is in doubt: all data is about to be hashed. */
export async function forgetHaves(context: EngineContext, metainfo: Metainfo): Promise<void> {
  await context.services.get(ResumeStore).delete(infoHashName(metainfo.infoHashes))
}
