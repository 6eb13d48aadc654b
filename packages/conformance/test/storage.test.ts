import { Bits, type Content, type Storage, StorageError, type StorageHandle, wrapStorage } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { storageConformance, type StorageConformanceOptions } from '../src/index.js'
import { expectCaught, expectSound, outcomeOf } from './support/planted.js'

const offers = ['want', 'move', 'rename', 'complete', 'remove', 'freeBytes', 'stamps', 'reopen'] as const

/** A place for torrents, by folder and name; two opens of one torrent see the same bytes. */
class Place {
  readonly streams = new Map<string, Uint8Array>()
  readonly written = new Map<string, Set<number>>()
  /** How often each torrent was written to: the time of its files. */
  readonly writes = new Map<string, number>()
  opened = 0
}

/** The plainest storage that keeps every guarantee: one array for each torrent. */
function soundHandle(place: Place, content: Content, folder: string): StorageHandle {
  const { layout, files } = content
  let key = `${folder}/${content.name}`
  let isClosed = false
  const stream = (): Uint8Array => {
    if (isClosed) throw new StorageError('GONE', 'it is closed', { path: key, retry: false })
    const bytes = place.streams.get(key) ?? new Uint8Array(layout.lengthBytes)
    place.streams.set(key, bytes)
    return bytes
  }
  const written = (): Set<number> => {
    const set = place.written.get(key) ?? new Set<number>()
    place.written.set(key, set)
    return set
  }
  return {
    extentBytes: 16_384,
    write: async (piece, begin, bytes) => {
      stream().set(bytes, piece * layout.pieceLengthBytes + begin)
      written().add(piece)
      place.writes.set(content.name, (place.writes.get(content.name) ?? 0) + 1)
      for (const file of files) {
        if (file.padding) stream().fill(0, file.offsetBytes, file.offsetBytes + file.lengthBytes)
      }
    },
    read: async (piece, begin, into) => {
      let at = piece * layout.pieceLengthBytes + begin
      for (const target of into) {
        target.set(stream().subarray(at, at + target.length))
        at += target.length
      }
    },
    present: async () => {
      const bits = new Bits(layout.pieceCount)
      for (const piece of written()) bits.add(piece)
      return bits
    },
    sync: async () => {},
    close: async () => {
      isClosed = true
    },
    want: () => {},
    // It knows its torrents by their names, and files by their places in the stream.
    rename: async () => {},
    complete: async () => {},
    move: async (directory) => {
      const [bytes, pieces] = [stream(), written()]
      place.streams.delete(key)
      key = `${directory}/${content.name}`
      place.streams.set(key, bytes)
      place.written.set(key, pieces)
    },
    remove: async () => {
      place.streams.delete(key)
      place.written.delete(key)
    },
    freeBytes: async () => 1e12,
    stamps: async () => {
      const modifiedUs = place.writes.get(content.name)
      return files.map(({ lengthBytes }) => (modifiedUs === undefined ? undefined : { lengthBytes, modifiedUs }))
    },
  }
}

type Change = (inner: StorageHandle, content: Content, place: Place, folder: string) => Partial<StorageHandle>

/** The sound storage with something changed. */
function storageWith(change: Change): () => Storage {
  return () => {
    const place = new Place()
    return {
      name: 'planted',
      open: async (content, { directory }) => {
        const inner = soundHandle(place, content, directory)
        return wrapStorage(inner, change(inner, content, place, directory))
      },
    }
  }
}

const stampsKept = 'stamps: one for each file that is there, the same until somebody writes'

const faults: readonly (readonly [fault: string, change: Change, guarantee: string])[] = [
  [
    'loses the first write',
    (inner) => {
      let writes = 0
      return { write: async (...call) => (writes++ === 0 ? undefined : inner.write(...call)) }
    },
    'a settled write is readable, whatever the order',
  ],
  [
    'settles before the data is readable',
    (inner) => ({
      write: async (piece, begin, bytes) => {
        const copy = bytes.slice()
        setImmediate(() => inner.write(piece, begin, copy).catch(() => {}))
      },
    }),
    'a settled write is readable, whatever the order',
  ],
  [
    'writes every part to the begin of its piece',
    (inner) => ({ write: (piece, _begin, bytes) => inner.write(piece, 0, bytes) }),
    'a part of a piece lands at its offset and nowhere else',
  ],
  [
    'reads the first buffer only',
    (inner) => ({ read: (piece, begin, into, purpose) => inner.read(piece, begin, into.slice(0, 1), purpose) }),
    'a read fills every buffer in order, from any offset, for any purpose',
  ],
  [
    'reads a byte short',
    (inner) => ({
      read: (piece, begin, into, purpose) =>
        inner.read(
          piece,
          begin,
          into.map((target) => target.subarray(0, -1)),
          purpose,
        ),
    }),
    'a settled write is readable, whatever the order',
  ],
  [
    'verifies and does not serve',
    (inner) => ({
      read: async (piece, begin, into, purpose) => {
        if (purpose !== 'stream') await inner.read(piece, begin, into, purpose)
      },
    }),
    'a read fills every buffer in order, from any offset, for any purpose',
  ],
  [
    'leaves holes as they were in the buffer',
    (inner) => ({
      read: async (piece, begin, into, purpose) => {
        if ((await inner.present())?.has(piece) === true) await inner.read(piece, begin, into, purpose)
      },
    }),
    'holes read as zeros',
  ],
  [
    'keeps padding as any other data',
    (_inner, content, place, folder) =>
      soundHandle(place, { ...content, files: content.files.map((file) => ({ ...file, padding: false })) }, folder),
    'padding reads as zeros, whatever was written there',
  ],
  [
    'keeps the lent buffer',
    (inner, content) => {
      const kept = new Map<string, [number, number, Uint8Array]>()
      return {
        write: async (piece, begin, bytes) => {
          kept.set(`${piece}/${begin}/${content.name}`, [piece, begin, bytes])
        },
        read: async (piece, begin, into, purpose) => {
          for (const call of kept.values()) await inner.write(...call)
          await inner.read(piece, begin, into, purpose)
        },
      }
    },
    'a lent buffer is not changed, and not kept once the write has settled',
  ],
  [
    'changes the lent buffer',
    (inner) => ({
      write: async (piece, begin, bytes) => {
        await inner.write(piece, begin, bytes)
        bytes.fill(0)
      },
    }),
    'a lent buffer is not changed, and not kept once the write has settled',
  ],
  [
    'drops a write that comes while another is under way',
    (inner) => {
      let isBusy = false
      return {
        write: async (...call) => {
          if (isBusy) return
          isBusy = true
          await new Promise((resolve) => setImmediate(resolve))
          await inner.write(...call)
          isBusy = false
        },
      }
    },
    'calls that overlap in time all settle, and none is lost',
  ],
  [
    'never settles two calls at once',
    (inner) => {
      let calls = 0
      return {
        write: async (...call) => {
          if (++calls === 2) return new Promise(() => {})
          await new Promise((resolve) => setImmediate(resolve))
          calls--
          return inner.write(...call)
        },
      }
    },
    'calls that overlap in time all settle, and none is lost',
  ],
  [
    'lets the oldest write win',
    (inner) => {
      const seen = new Set<string>()
      return {
        write: async (piece, begin, bytes) => {
          if (seen.has(`${piece}`) && bytes.length < 100) return
          seen.add(`${piece}`)
          await inner.write(piece, begin, bytes)
        },
      }
    },
    'the newest of two writes counts',
  ],
  [
    'knows of no piece',
    (_inner, content) => ({ present: async () => new Bits(content.layout.pieceCount) }),
    'present() names every piece that may hold data, and none of a fresh place',
  ],
  [
    'answers after close',
    () => ({ close: async () => {} }),
    'close is idempotent, and later calls reject with StorageError',
  ],
  [
    'rejects with any error',
    (inner) => {
      let isClosed = false
      return {
        close: async () => void (isClosed = true),
        write: async (...call) => {
          if (isClosed) throw new Error('closed')
          await inner.write(...call)
        },
      }
    },
    'close is idempotent, and later calls reject with StorageError',
  ],
  [
    'closes once',
    (inner) => {
      let isClosed = false
      return {
        close: async () => {
          if (isClosed) throw new Error('it is closed')
          isClosed = true
          await inner.close()
        },
      }
    },
    'close is idempotent, and later calls reject with StorageError',
  ],
  [
    'knows torrents by their shape',
    (_inner, content, place) => soundHandle(place, { ...content, name: `${content.layout.lengthBytes}` }, ''),
    'torrents are kept apart, also in one folder',
  ],
  [
    'drops what is not selected',
    (inner) => {
      let isWanted = true
      return {
        want: (files) => void (isWanted = files.count > 0),
        read: async (piece, begin, into, purpose) => {
          await inner.read(piece, begin, into, purpose)
          if (!isWanted) for (const target of into) target.fill(0)
        },
      }
    },
    'want: bytes stay when files become wanted, and unwanted again',
  ],
  [
    'removes all torrents',
    (_inner, _content, place) => ({
      remove: async () => {
        place.streams.clear()
        place.written.clear()
      },
    }),
    'remove: deletes the data of this torrent, and no other',
  ],
  [
    'has no stamp of the last file',
    (inner) => ({ stamps: async () => (await inner.stamps?.())?.slice(0, -1) ?? [] }),
    stampsKept,
  ],
  [
    'stamps files that are not there',
    (inner, { files }) => {
      const none = { lengthBytes: 0, modifiedUs: 0 }
      return { stamps: async () => (await inner.stamps?.())?.map((stamp) => stamp ?? none) ?? files.map(() => none) }
    },
    stampsKept,
  ],
  ['stamps nothing', (_inner, { files }) => ({ stamps: async () => files.map(() => undefined) }), stampsKept],
  [
    'stamps files with the time of the question',
    (inner) => {
      let nowUs = 0
      return {
        stamps: async () => (await inner.stamps?.())?.map((stamp) => stamp && { ...stamp, modifiedUs: ++nowUs }) ?? [],
      }
    },
    stampsKept,
  ],
  [
    'stamps files anew when they are opened',
    (inner, _content, place) => {
      const opened = place.opened++
      return {
        stamps: async () => (await inner.stamps?.())?.map((stamp) => stamp && { ...stamp, modifiedUs: opened }) ?? [],
      }
    },
    stampsKept,
  ],
  ['moves nothing', () => ({ move: async () => {} }), 'move: the data is there afterwards, and goes on'],
  [
    'forgets what it renames',
    (_inner, _content, place) => ({ rename: async () => place.streams.clear() }),
    'rename: the data is there afterwards, and goes on; a torrent whose files are called so finds it',
  ],
  [
    'forgets what is whole',
    (_inner, _content, place) => ({ complete: async () => place.streams.clear() }),
    'complete: whole files keep their data, with and without a suffix, and are found either way',
  ],
  ['wants odd extents', () => ({ extentBytes: 1_000 }), 'has a name, and wants extents of whole blocks'],
]

describe('storageConformance', () => {
  const options: StorageConformanceOptions = { storage: storageWith(() => ({})), offers }

  it('passes a sound storage', async () => {
    const { skipped } = await expectSound((runner) => storageConformance(runner, options), 27)
    expect(skipped).toEqual([])
  })

  it.each(faults)('catches one that %s', (_, change, guarantee) =>
    expectCaught((runner) => storageConformance(runner, { storage: storageWith(change), offers }), guarantee),
  )

  it('shows as skipped what a storage does not offer', async () => {
    const storage: Storage = {
      name: 'few',
      open: async (content, { directory }) => {
        const handle = soundHandle(new Place(), content, directory)
        const { extentBytes, write, read, present, sync, close, remove } = handle
        return { extentBytes, write, read, present, sync, close, ...(remove && { remove }) }
      },
    }
    const { skipped } = await expectSound((runner) => storageConformance(runner, { storage, offers: ['remove'] }), 27)
    expect(skipped.map((name) => name.split(':')[0])).toEqual([
      'want',
      'reopen',
      'move',
      'rename',
      'complete',
      'stamps',
      'freeBytes',
    ])
  })

  it('notices an offer that is not said', async () => {
    const { failed } = await outcomeOf((runner) => storageConformance(runner, { ...options, offers: ['want'] }))
    expect(failed.get('offers what it says, and says what it offers')).toBe(
      'optional methods of the handle: expected ["want"], came ["want", "move", "rename", "complete", "remove", "freeBytes", "stamps"]',
    )
  })
})
