import { BitloomError } from '../bytes/errors.js'
import type { ReadonlyBits } from '../bytes/bits.js'
import type { Content, MetainfoSummary } from '../metainfo/metainfo.js'
import type { ResumeRecord } from '../ports/resume-store.js'
import type { Storage, StorageHandle, StorageOptions, StoragePlace } from '../ports/storage.js'
import type { AddOptions } from './api.js'
import { areUsable, renamedPaths } from './file-paths.js'
import type { RecordKeeper } from './record-keeper.js'

export interface ContentPlaceParts {
  readonly metainfo: MetainfoSummary
  readonly options: Pick<AddOptions, 'incompleteDirectory' | 'incompleteSuffix'>
  readonly keeper: Pick<RecordKeeper, 'placed'>
  /** Where the data belongs. */
  readonly directory: string
  /** The storage is not closed before what it is at has settled. */
  tracked(call: Promise<void>): Promise<void>
}

type Whereabouts = Pick<ResumeRecord, 'paths' | 'relocating' | 'incompleteSuffix'>

/**
 * Where the data of one torrent is, what its files are called there, and how it gets elsewhere. What is about to go is in
 * the record before it goes, so that the next start can end what a crash interrupted. One change at a time.
 */
export class ContentPlace {
  readonly #parts: ContentPlaceParts
  readonly #own: readonly string[]
  #directory: string
  #home: string
  #suffix: string | undefined
  /** Of all files, padding included; the torrent's own unless somebody renamed them. */
  #paths: readonly string[]
  #relocating: ResumeRecord['relocating']
  #handle: StorageHandle | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(parts: ContentPlaceParts) {
    this.#parts = parts
    this.#directory = parts.directory
    this.#home = parts.directory
    this.#own = parts.metainfo.files.map(({ path }) => path)
    this.#paths = this.#own
  }

  get directory(): string {
    return this.#directory
  }

  /** Where it will be when it is whole. */
  get home(): string {
    return this.#home
  }

  get paths(): readonly string[] {
    return this.#paths
  }

  /** What a record says of it. */
  remembered(): Whereabouts {
    const isRenamed = this.#paths !== this.#own && this.#paths.some((path, index) => path !== this.#own[index])
    return {
      ...(isRenamed ? { paths: this.#paths } : {}),
      ...(this.#relocating === undefined ? {} : { relocating: this.#relocating }),
      ...(this.#suffix === undefined ? {} : { incompleteSuffix: this.#suffix }),
    }
  }

  /**
   * Opens the storage where the data is, as far as a record knows it. Where nothing of it is yet, an incomplete download
   * begins in a folder of its own, if it has one.
   */
  async open(
    storage: Storage,
    record: ResumeRecord | undefined,
    wantedFiles: ReadonlyBits,
    signal: AbortSignal,
  ): Promise<StorageHandle> {
    const { incompleteDirectory, incompleteSuffix } = this.#parts.options
    const known = record?.storage === storage.name ? record : undefined
    this.#suffix = (incompleteSuffix ?? known?.incompleteSuffix) || undefined
    const openIn = (directory: string): Promise<StorageHandle> => {
      this.#directory = directory
      const { paths, movedFrom } = this.#whereabouts(known, directory)
      this.#paths = paths
      const suffix = this.#suffix === undefined ? {} : { incompleteSuffix: this.#suffix }
      const from = movedFrom === undefined ? {} : { movedFrom }
      return storage.open(this.#content(), { directory, wantedFiles, ...suffix, ...from }, signal)
    }
    this.#handle = await openIn(this.#home)
    if (incompleteDirectory === undefined) return this.#handle
    const present = await this.#handle.present()
    if (present === undefined || present.count > 0) return this.#handle
    await this.#handle.close()
    this.#handle = await openIn(incompleteDirectory)
    return this.#handle
  }

  /** What files are called in a folder, and where else some may be: a change was interrupted, or the suffix is another now. */
  #whereabouts(
    record: ResumeRecord | undefined,
    directory: string,
  ): { readonly paths: readonly string[] } & Pick<StorageOptions, 'movedFrom'> {
    if (record === undefined) return { paths: this.#own }
    const suffix = record.incompleteSuffix === undefined ? {} : { incompleteSuffix: record.incompleteSuffix }
    const placeOf = (place: Pick<ResumeRecord, 'directory' | 'paths'>): StoragePlace => ({
      directory: place.directory,
      paths: this.#usable(place.paths),
      ...suffix,
    })
    const before = placeOf(record)
    const after = record.relocating && placeOf(record.relocating)
    if (after?.directory === directory) return { paths: after.paths, movedFrom: before }
    if (before.directory === directory) {
      const movedFrom = after ?? (before.incompleteSuffix === this.#suffix ? undefined : before)
      return { paths: before.paths, ...(movedFrom === undefined ? {} : { movedFrom }) }
    }
    return { paths: record.moveTo === directory ? before.paths : this.#own }
  }

  #usable(paths: readonly string[] | undefined): readonly string[] {
    return paths !== undefined && areUsable(this.#parts.metainfo.files, paths) ? paths : this.#own
  }

  #content(): Content {
    const { name, infoHashes, layout, files } = this.#parts.metainfo
    const paths = this.#paths
    if (paths === this.#own) return { name, infoHashes, layout, files }
    return {
      name,
      infoHashes,
      layout,
      files: files.map((file, index) => ({ ...file, path: paths[index] ?? file.path })),
    }
  }

  /** Whether a record is of what is here. What was on its way is known by how its files look. */
  isOf(record: ResumeRecord | undefined, storage: string | undefined): record is ResumeRecord {
    if (record === undefined || record.storage !== storage) return false
    if (record.relocating === undefined) return record.directory === this.#directory
    const places = [record.directory, record.relocating.directory]
    return places.includes(this.#directory) && this.#handle?.stamps !== undefined
  }

  /** All of it is there: it goes where it belongs. */
  goHome(): Promise<void> {
    return this.#inTurn(() => this.#take(this.#home))
  }

  /** From now on it belongs there; an incomplete download that has a folder of its own stays in it until it is whole. */
  move(directory: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#directory === this.#home) await this.#take(directory)
      this.#home = directory
    })
  }

  async #take(directory: string): Promise<void> {
    const { metainfo } = this.#parts
    const handle = this.#handle
    if (directory === this.#directory) return
    if (handle?.move === undefined) throw cannot('moved', metainfo.name)
    await this.#change({ directory, paths: this.#paths }, () => handle.move?.(directory))
  }

  /** See `TorrentControl.rename`. */
  rename(from: string, to: string): Promise<void> {
    return this.#inTurn(async () => {
      const handle = this.#handle
      const content = this.#content()
      const paths = renamedPaths(content, from, to)
      if (handle?.rename === undefined) throw cannot('renamed', content.name)
      await this.#change({ directory: this.#directory, paths }, () => handle.rename?.(paths))
    })
  }

  async #change(to: StoragePlace, change: () => Promise<void> | undefined): Promise<void> {
    const { keeper, tracked } = this.#parts
    try {
      this.#relocating = to
      await keeper.placed()
      await tracked(change() ?? Promise.resolve())
      this.#directory = to.directory
      this.#paths = to.paths
      this.#relocating = undefined
    } catch (error) {
      this.#relocating = undefined
      await keeper.placed()
      throw error
    }
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const call = this.#last.then(run)
    this.#last = call.catch(() => {})
    return call
  }
}

function cannot(what: string, name: string): BitloomError {
  return new BitloomError('INVALID_ARGUMENT', `the data of ${name} cannot be ${what} where it is stored`)
}
