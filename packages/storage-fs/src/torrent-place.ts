import { type Content, type StoragePlace, toHex } from '@bitloom/core'
import type { FileSystem } from '@bitloom/core/node'
import { ContentFiles } from './content-files.js'
import { FileNames, isStored } from './file-names.js'
import { FolderLooks } from './folder-looks.js'
import type { Handles } from './handle-pool.js'
import { deleteFiles, endMove, moveFiles, refuseTaken, type Relocation } from './relocate.js'
import type { Place } from './safe-open.js'
import { hashOf, SideFile, sideFileName } from './side-file.js'

export interface TorrentPlaceOptions {
  readonly pool: Handles
  readonly disk: FileSystem
  /** What incomplete files carry; absent = nothing. */
  readonly suffix: string | undefined
}

/** Where one torrent is on the disk: its files by the paths of `content`, and its side file, below a folder. */
export class TorrentPlace {
  readonly content: Content
  readonly directory: string
  readonly files: ContentFiles
  readonly side: SideFile
  readonly #options: TorrentPlaceOptions
  readonly #names: FileNames

  constructor(content: Content, directory: string, options: TorrentPlaceOptions) {
    const { pool, disk, suffix } = options
    this.content = content
    this.directory = directory
    this.#options = options
    this.#names = new FileNames(content.files, suffix)
    this.files = new ContentFiles(content, { root: directory, names: this.#names, pool, disk })
    this.side = new SideFile(content, directory, pool, disk, () => this.files.makeRoot())
  }

  /** Looks at what is there; makes nothing. */
  async prepare(looks = new FolderLooks<boolean>()): Promise<void> {
    await this.files.checkRoot(looks)
    await this.side.load()
    if (this.#options.suffix !== undefined) await this.files.sizes()
  }

  in(directory: string): TorrentPlace {
    return directory === this.directory ? this : new TorrentPlace(this.content, directory, this.#options)
  }

  named(paths: readonly string[]): TorrentPlace {
    const files = this.content.files.map((file, index) => ({ ...file, path: paths[index] ?? file.path }))
    return new TorrentPlace({ ...this.content, files }, this.directory, this.#options)
  }

  /** Takes all that is here there, or nothing. */
  async moveTo(other: TorrentPlace): Promise<void> {
    const relocations = this.#stored().map((index) =>
      this.#relocation(
        index,
        [this.directory, this.#names.of(index)],
        [other.directory, other.#variant(index, this.#names.carries(index))],
      ),
    )
    const side = this.#relocation('parts', [this.directory, this.side.name], [other.directory, other.side.name])
    const changed = [...relocations, side].filter(isMoved)
    if (this.directory === other.directory) for (const { target } of changed) await refuseTaken(target)
    await moveFiles(changed)
  }

  /** Brings here what an interrupted move left there. */
  async gather({ directory, paths, incompleteSuffix }: StoragePlace): Promise<void> {
    const files = this.content.files.map((file, index) => ({ ...file, path: paths[index] ?? file.path }))
    const names = new FileNames(files, incompleteSuffix)
    const relocations = this.#stored().flatMap((index) =>
      names
        .variants(index)
        .map((name, variant) =>
          this.#relocation(index, [directory, name], [this.directory, this.#variant(index, variant === 1)]),
        ),
    )
    const sideName = sideFileName({ ...this.content, files })
    const side = this.#relocation('parts', [directory, sideName], [this.directory, this.side.name])
    await endMove([...relocations, side].filter(isMoved))
  }

  #variant(index: number, isSuffixed: boolean): string {
    return (isSuffixed ? this.#names.variants(index)[1] : undefined) ?? this.#names.own(index)
  }

  #relocation(
    index: number | string,
    from: [root: string, path: string],
    to: [root: string, path: string],
  ): Relocation {
    const { disk } = this.#options
    return {
      source: { disk, root: from[0], relativePath: from[1] },
      target: { disk, root: to[0], relativePath: to[1] },
      label: `${toHex(hashOf(this.content).subarray(0, 4))}-${index}`,
    }
  }

  #stored(): number[] {
    return [...this.content.files.keys()].filter((index) => isStored(this.content.files[index]))
  }

  /** Deletes what is here of the torrent. */
  async remove(): Promise<void> {
    const { disk } = this.#options
    await deleteFiles(
      this.#stored().map((index) => ({ disk, root: this.directory, relativePath: this.#names.of(index) })),
    )
    await this.side.remove()
  }

  async close(): Promise<void> {
    await this.files.close()
    await this.side.close()
  }
}

function isMoved({ source, target }: { readonly source: Place; readonly target: Place }): boolean {
  return source.root !== target.root || source.relativePath !== target.relativePath
}
