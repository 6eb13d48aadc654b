import type { ExtensionLink, PeerView, TorrentControl, TorrentView } from '@bitloom/core'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../core/test/support/virtual-clock.js'
import { metadataExtension } from '../src/metadata-extension.js'
import { decodeMessage, encodeMessage, type MetadataMessage, pieceBytes } from '../src/protocol.js'
import { Serving } from '../src/serving.js'

/** A peer of a torrent with 100 pieces of metadata; `info` reads them, and `takes` tells whether the peer takes a message. */
function open(info: () => Promise<Uint8Array>, takes: (payload: Uint8Array) => boolean) {
  const clock = new VirtualClock()
  const quiet = (): void => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const control = { info, disconnect: quiet } as unknown as TorrentControl
  const limits = { timeoutMs: 10_000, maxBytes: 1_048_576, banMs: 3_600_000 }
  const extension = metadataExtension(() => ({ clock, log, control: () => control }), limits)
  const metainfo = { infoLengthBytes: 100 * pieceBytes }
  const torrent = { id: 't1', name: 'one', metainfo } as unknown as TorrentView
  const peer = { endpoint: { kind: 'ip', host: '10.0.0.1', port: 1 } } as unknown as PeerView
  const link: ExtensionLink = { send: takes }
  const session = extension.open(peer, torrent, link, new Map())
  return {
    clock,
    ask: (piece: number) => session.message?.(encodeMessage({ type: 'request', piece })),
    close() {
      session.close?.()
      extension.close()
    },
  }
}

it('tries a peer that reads slowly again by one timer, however much it asks', async () => {
  let [room, given] = [0, 0]
  const { clock, ask, close } = open(
    async () => new Uint8Array(100 * pieceBytes),
    (payload) => {
      if (room === 0) return false
      room--
      if (payload.length > pieceBytes) given++
      return true
    },
  )
  for (let second = 0; second < 120; second++) {
    room = 1
    for (const piece of [0, 1]) ask(piece)
    await clock.advance(1_000)
  }
  expect(given).toBe(120)
  // The other one forgets the info dictionary.
  expect(clock.pending).toBeLessThanOrEqual(2)
  room = 1_000
  await clock.advance(500)
  expect(given).toBe(240)
  close()
  expect(clock.pending).toBe(0)
})

it('reads the info dictionary once for what is asked in ten seconds, and anew for what is asked later', async () => {
  const heard: (MetadataMessage['type'] | undefined)[] = []
  let reads = 0
  const { clock, ask, close } = open(
    async () => {
      if (++reads === 1) throw new Error('not now')
      return new Uint8Array(100 * pieceBytes)
    },
    (payload) => heard.push(decodeMessage(payload)?.type) > 0,
  )
  for (const waitMs of [0, 4_000, 4_000]) {
    await clock.advance(waitMs)
    ask(0)
    await clock.advance(500)
  }
  expect([heard.splice(0), reads]).toEqual([['reject', 'reject', 'reject'], 1])
  await clock.advance(1_000)
  for (const piece of [0, 1]) ask(piece)
  await clock.advance(500)
  expect([heard, reads]).toEqual([['data', 'data'], 2])
  close()
})

it('rejects what waits for an info dictionary that cannot be read any more', () => {
  const said: unknown[] = []
  const serving = new Serving((payload) => said.push(decodeMessage(payload)) > 0)
  expect(serving.request(0, 2 * pieceBytes, 0)).toBe('waiting')
  expect(serving.request(1, 2 * pieceBytes, 0)).toBe('waiting')
  expect(said).toEqual([])
  expect(serving.resume(undefined)).toBe(true)
  expect(said).toEqual([
    { type: 'reject', piece: 0 },
    { type: 'reject', piece: 1 },
  ])
  expect(serving.resume(new Uint8Array(2 * pieceBytes))).toBe(true)
  expect(said).toHaveLength(2)
})
