import { decode, encode, type PeerExtension } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { extensionConformance } from '../src/index.js'
import { expectCaught, expectSound } from './support/planted.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const messages = [text('ping 1'), text('ping 2'), text('bye')]

/** Answers a ping with a pong: the reference that keeps every guarantee. */
const sound: PeerExtension = {
  name: 'xx_ping',
  onPrivate: true,
  wireIds: { 40: 4 },
  reservedBits: [3],
  hello: (into) => void into.set('ping', 1),
  open: (_peer, _torrent, link) => ({
    message(payload) {
      const [word, number] = new TextDecoder().decode(payload.subarray(0, 20)).split(' ')
      if (word === 'ping') link.send(text(`pong ${number}`))
    },
    wire() {},
    close() {},
  }),
}

const changed =
  (change: Partial<PeerExtension>): (() => PeerExtension) =>
  () => ({ ...sound, ...change })

const faults: readonly (readonly [fault: string, extension: () => PeerExtension, guarantee: string])[] = [
  [
    'has a name that is none',
    changed({ name: '' }),
    'declares a name, message ids and reserved bits that the protocol has room for',
  ],
  [
    'claims a message of core',
    changed({ wireIds: { 6: 12 } }),
    'declares a name, message ids and reserved bits that the protocol has room for',
  ],
  [
    'claims a 65th bit',
    changed({ reservedBits: [64] }),
    'declares a name, message ids and reserved bits that the protocol has room for',
  ],
  [
    'passes peers on in private torrents',
    changed({ name: 'ut_pex' }),
    'says whether it works on private torrents, and never does where it passes peers on',
  ],
  [
    'writes over the message ids of all',
    changed({ hello: (into) => void into.set('m', new Map()) }),
    'hello adds keys of its own, with values that can be encoded',
  ],
  [
    'says what bencode cannot',
    changed({ hello: (into) => void into.set('ratio', 0.5) }),
    'hello adds keys of its own, with values that can be encoded',
  ],
  [
    'counts on the content',
    changed({
      open: (peer, torrent, link, theirs) => {
        if (torrent.content === undefined) throw new TypeError('no content')
        return sound.open(peer, torrent, link, theirs)
      },
    }),
    'opens for a torrent with content and for one without, and closes',
  ],
  [
    'believes the sizes of a handshake',
    changed({
      open: (peer, torrent, link, theirs) => {
        const size = theirs.get('metadata_size')
        const piece = new Uint8Array(Number(size ?? 0))
        return piece.length < 0 ? {} : sound.open(peer, torrent, link, theirs)
      },
    }),
    'an extension handshake full of garbage does not make it throw',
  ],
  [
    'throws at what it cannot decode',
    changed({ open: () => ({ message: (payload) => void decode(payload) }) }),
    'a garbage message does not make it throw, or send a flood',
  ],
  [
    'answers each byte',
    changed({
      open: (_peer, _torrent, link) => ({
        message: (payload) => {
          for (const byte of payload) link.send(Uint8Array.of(byte))
        },
      }),
    }),
    'a garbage message does not make it throw, or send a flood',
  ],
  [
    'throws at a base message it does not like',
    changed({
      open: () => ({
        wire: (_id, payload) => {
          if ((payload[0] ?? 0) > 100) throw new RangeError('too large')
        },
      }),
    }),
    'base messages that it claims do not make it throw',
  ],
  [
    'says good-bye after the end',
    changed({
      open: (_peer, _torrent, link) => ({ close: () => void setImmediate(() => link.send(text('bye'))) }),
    }),
    'sends nothing after close',
  ],
  [
    'insists on an answer',
    changed({
      open: (_peer, _torrent, link) => ({
        message: () => {
          if (!link.send(text('pong'))) throw new Error('not sent')
        },
      }),
    }),
    'goes on when the link takes nothing',
  ],
  [
    'keeps the message for later',
    changed({
      open: (_peer, _torrent, link) => {
        let last: Uint8Array | undefined
        return {
          message(payload) {
            if (last !== undefined) link.send(last)
            last = payload
          },
        }
      },
    }),
    'keeps no view of a message: it is dead after the call',
  ],
  [
    'answers whoever came last',
    () => {
      let latest: Parameters<PeerExtension['open']>[2] | undefined
      return {
        ...sound,
        open: (_peer, _torrent, link) => {
          latest = link
          return { message: () => void latest?.send(text('pong')) }
        },
      }
    },
    'keeps peers apart',
  ],
  [
    'breaks at the thousandth message',
    () => {
      let count = 0
      const message = (): void => {
        if (++count === 1_000) throw new Error('full')
      }
      return { ...sound, open: () => ({ message }) }
    },
    'survives 1,000 messages in a row, and peers that come back',
  ],
]

describe('extensionConformance', () => {
  it('passes a sound extension', async () => {
    const options = { extension: sound, messages, theirs: new Map([['ping', 1]]) }
    const { skipped } = await expectSound((runner) => extensionConformance(runner, options), 12)
    expect(skipped).toEqual([])
  })

  it('passes one that answers in bencode and one that does nothing, without messages', async () => {
    const careful: PeerExtension = {
      name: 'xx_echo',
      onPrivate: false,
      open: (_peer, _torrent, link) => ({
        message(payload) {
          if (payload.length < 100 && payload[0] === 0x64) link.send(encode(new Map([['echo', payload]])))
        },
      }),
    }
    const idle: PeerExtension = { name: 'xx_idle', onPrivate: true, open: () => ({}) }
    for (const extension of [careful, idle]) {
      const { skipped } = await expectSound((runner) => extensionConformance(runner, { extension }), 12)
      expect(skipped).toEqual(['keeps no view of a message: it is dead after the call (no messages are given)'])
    }
  })

  it.each(faults)('catches one that %s', (_, extension, guarantee) =>
    expectCaught((runner) => extensionConformance(runner, { extension, messages }), guarantee),
  )
})
