import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { infoHashHex } from '@bitloom/core'
import { createTorrent } from '@bitloom/core/node'
import { manyFiles, oneFile, writePayload } from '@bitloom/interop/payload'

/** Where the tracker of every transfer listens: on the first host of its network. */
const announce = 'http://10.77.0.1:6969/announce'

/** What a payload looks like. */
export interface PayloadShape {
  readonly lengthBytes: number
  /** 1, or so many files of equal size. */
  readonly files: number
  readonly pieceLengthBytes: number
}

/** A payload on the disk, and its torrent. */
export interface Payload extends PayloadShape {
  /** The folder that contains the payload's own name. */
  readonly folder: string
  readonly name: string
  /** The .torrent file. */
  readonly torrent: string
  readonly infoHash: string
}

/** Makes payloads in one folder; shapes that differ in their pieces alone share the data. */
export function openShelf(folder: string): { payload(shape: PayloadShape): Promise<Payload> } {
  const written = new Map<string, Promise<void>>()
  const made = new Map<string, Promise<Payload>>()
  const once = <T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> => {
    const promise = map.get(key) ?? make()
    map.set(key, promise)
    return promise
  }
  const write = async (name: string, { lengthBytes, files }: PayloadShape): Promise<void> => {
    const plan = files === 1 ? oneFile(lengthBytes / 2 ** 20) : manyFiles(files, Math.round(lengthBytes / files))
    await writePayload(folder, name, plan)
  }
  const make = async (shape: PayloadShape): Promise<Payload> => {
    const name = `payload-${shape.lengthBytes}-${shape.files}`
    await once(written, name, () => write(name, shape))
    const torrent = join(folder, `${name}-${shape.pieceLengthBytes}.torrent`)
    const { pieceLengthBytes } = shape
    const created = await createTorrent(join(folder, name), { trackers: [[announce]], pieceLengthBytes })
    await writeFile(torrent, created.bytes)
    const { lengthBytes, infoHashes } = created.torrent
    return { ...shape, lengthBytes, folder, name, torrent, infoHash: infoHashHex(infoHashes).v1 ?? '' }
  }
  return { payload: (shape) => once(made, JSON.stringify(shape), () => make(shape)) }
}
