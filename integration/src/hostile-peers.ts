import { encode, type Encodable, encodeHandshake, latin1Bytes, messageIds as ids } from '@bitloom/core'
import { block, closed, greeted, type HostilePeer, noise, offering, stays, times, unchoked } from './hostile-kit.js'
import type { Seat } from './hostile-seat.js'

const beforeTheHandshake: readonly HostilePeer[] = [
  closed('says nothing', () => {}),
  closed('noise instead of a handshake', (seat) => seat.send(noise(500))),
  closed('HTTP instead of a handshake', (seat) => seat.send(latin1Bytes('GET /announce HTTP/1.1\r\nhost: x\r\n\r\n'))),
  closed('the head of TLS', (seat) => seat.send(Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]))),
  closed('half a handshake', (seat) => seat.send(latin1Bytes('\x13BitTorrent protocol\0\0\0\0'))),
  closed('a handshake of one byte a second', (seat) =>
    seat.drip(encodeHandshake({ infoHash: seat.infoHash, peerId: noise(20), reserved: noise(8) }), 1_000),
  ),
  closed('a torrent that is not here', (seat) => seat.greet({ infoHash: noise(20) })),
  closed('our own peer id', (seat) => seat.greet({ peerId: seat.theirId })),
  { ...closed('one peer id twice', (seat) => seat.greet({ peerId: '-XX0000-the-same-id-' })), count: 2, closes: 1 },
]

const wrongLengths: readonly HostilePeer[] = [
  ['choke', ids.choke, 1],
  ['unchoke', ids.unchoke, 1],
  ['interested', ids.interested, 4],
  ['not interested', ids.notInterested, 200],
  ['have', ids.have, 3],
  ['have', ids.have, 5],
  ['bitfield', ids.bitfield, 1],
  ['bitfield', ids.bitfield, 500],
  ['request', ids.request, 11],
  ['request', ids.request, 13],
  ['piece', ids.piece, 7],
  ['piece', ids.piece, 8 + block + 1],
  ['cancel', ids.cancel, 16],
  ['port', ids.port, 1],
  ['suggest piece', ids.suggest, 0],
  ['have all', ids.haveAll, 1],
  ['have none', ids.haveNone, 1],
  ['reject', ids.reject, 8],
  ['allowed fast', ids.allowedFast, 8],
  ['extended', ids.extended, 0],
  ['hashes', ids.hashes, 20],
].map(([name, id, length]) =>
  closed(
    `"${name}" of ${length} bytes`,
    greeted((seat) => seat.message(Number(id), Number(length))),
  ),
)

const declared: readonly HostilePeer[] = [
  ...[
    ['piece', ids.piece],
    ['bitfield', ids.bitfield],
    ['extended', ids.extended],
    ['unknown', 99],
  ].map(([name, id]) =>
    closed(
      `"${name}" that declares 4 GB`,
      greeted((seat) => seat.declare(0xffff_ffff, Number(id))),
    ),
  ),
  closed(
    '"extended" of 1 MiB and a byte',
    greeted((seat) => seat.declare(1_048_578, ids.extended), { extensions: true }),
  ),
  closed(
    'noise behind the handshake',
    greeted((seat) => seat.send(noise(50_000).fill(0xee))),
  ),
]

const haves: readonly HostilePeer[] = [
  closed(
    'a piece out of range',
    greeted((seat) => seat.say((wire) => wire.have(seat.torrent.layout.pieceCount))),
  ),
  closed(
    'piece 4,294,967,295',
    greeted((seat) => seat.say((wire) => wire.have(0xffff_ffff))),
  ),
  closed(
    'a bitfield that takes pieces back',
    greeted((seat) => seat.say((wire) => (wire.haveAll(), wire.haveNone()))),
  ),
  closed(
    '"have all" without the fast extension',
    greeted((seat) => seat.say((wire) => wire.haveAll()), { fast: false }),
  ),
  closed(
    '"reject" without the fast extension',
    greeted((seat) => seat.say((wire) => wire.reject(0, 0, block)), { fast: false }),
  ),
  stays(
    'one piece 10,000 times',
    greeted((seat) => times(10_000, () => seat.say((wire) => wire.have(0)))),
  ),
  stays(
    'a bitfield 1,000 times',
    greeted((seat) => times(1_000, () => seat.say((wire) => wire.haveAll()))),
  ),
]

const floods: readonly HostilePeer[] = [
  stays(
    '100,000 keep-alives',
    greeted((seat) => seat.send(new Uint8Array(400_000))),
  ),
  stays(
    '10,000 chokes and unchokes',
    greeted((seat) => seat.say((wire) => times(10_000, (at) => wire.choke(at % 2 === 0)))),
  ),
  stays(
    '10,000 interests',
    greeted((seat) => seat.say((wire) => times(10_000, (at) => wire.interested(at % 2 === 0)))),
  ),
  stays(
    '10,000 allowed pieces',
    greeted((seat) => seat.say((wire) => times(10_000, (at) => wire.allowFast(at)))),
  ),
  stays(
    '10,000 cancels of nothing',
    greeted((seat) => seat.say((wire) => times(10_000, (at) => wire.cancel(0, at, 5)))),
  ),
  stays(
    '1,000 messages of an unknown kind',
    greeted((seat) => times(1_000, () => seat.message(200, 900, 7))),
  ),
]

const requests: readonly HostilePeer[] = [
  closed(
    'a request of 128 KiB and a byte',
    greeted((seat) => seat.say((wire) => wire.request(0, 0, 131_073))),
  ),
  closed(
    'a request of nothing',
    greeted((seat) => seat.say((wire) => wire.request(0, 0, 0))),
  ),
  closed(
    '300 requests out of range',
    greeted((seat) => seat.say((wire) => times(300, () => wire.request(0xffff_ffff, 0, block)))),
  ),
  closed(
    '300 requests whose end overflows',
    greeted((seat) => seat.say((wire) => times(300, () => wire.request(0, 0xffff_ffff, block)))),
  ),
  stays(
    '299 requests out of range',
    greeted((seat) => seat.say((wire) => times(299, () => wire.request(9_999, 0, block)))),
  ),
  stays(
    '5,000 requests while it is choked',
    greeted((seat) => seat.say((wire) => times(5_000, (at) => wire.request(0, at, 1)))),
  ),
  stays(
    '5,000 requests at once',
    unchoked((seat) => seat.say((wire) => times(5_000, (at) => wire.request(0, at % block, 16)))),
  ),
  stays(
    'asks for 400 blocks and never reads',
    unchoked((seat) => {
      seat.stopReading()
      seat.say((wire) => times(400, (at) => wire.request(0, at % 2 === 0 ? 0 : block, block)))
    }),
  ),
]

const blocks: readonly HostilePeer[] = [
  closed(
    '1 MiB and more that nobody asked for',
    greeted((seat) => times(66, () => seat.block(0, 0, noise(block)))),
  ),
  closed(
    'blocks of pieces that there are not',
    greeted((seat) => times(66, () => seat.block(9_999, 0xffff_0000, noise(block)))),
  ),
  closed(
    'wrong data in each block',
    offering((seat, piece, begin, length) => seat.block(piece, begin, noise(length))),
  ),
  stays(
    'offers all and brings nothing',
    offering(() => {}),
  ),
  stays(
    'offers all and rejects every request',
    offering((seat, piece, begin, length) => seat.say((wire) => wire.reject(piece, begin, length))),
  ),
  stays(
    'offers all and brings blocks of a byte',
    offering((seat, piece, begin) => seat.block(piece, begin, noise(1))),
  ),
  stays(
    'offers all and chokes after each request',
    offering((seat, piece, begin, length) =>
      seat.say((wire) => (wire.choke(true), wire.reject(piece, begin, length), wire.choke(false))),
    ),
  ),
]

const fields = ['m', 'v', 'p', 'yourip', 'ipv4', 'ipv6', 'reqq', 'upload_only', 'metadata_size', 'e', 'complete_ago']
const wrongValues: readonly Encodable[] = [
  -1,
  2 ** 53 - 1,
  new Uint8Array(300).fill(255),
  [],
  [[0]],
  new Map([['x', -1]]),
]
const extended = (act: (seat: Seat, say: (id: number, value: Encodable) => void) => void) =>
  greeted((seat) => act(seat, (id, value) => seat.say((wire) => wire.extended(id, encode(value)))), {
    extensions: true,
  })
const address = (port: number) =>
  Uint8Array.from([127, 0, 0, 1, port >> 8, port & 255, 224, 0, 0, 1, 0, 80, 0, 0, 0, 0, 0, 1])

const extensions: readonly HostilePeer[] = [
  closed(
    '"extended" without saying so before',
    greeted((seat) => seat.message(ids.extended, 5)),
  ),
  closed(
    'an extension handshake of noise',
    greeted((seat) => seat.say((wire) => wire.extended(0, noise(3_000))), { extensions: true }),
  ),
  closed(
    'an extension handshake of 100,000 lists',
    greeted((seat) => seat.say((wire) => wire.extended(0, latin1Bytes('l'.repeat(100_000)))), { extensions: true }),
  ),
  ...wrongValues.map((value, at) =>
    stays(
      `every field of the extension handshake of wrong type ${at + 1}`,
      extended((_seat, say) => say(0, new Map(fields.map((field) => [field, value])))),
    ),
  ),
  stays(
    '10,000 extensions',
    extended((_seat, say) =>
      say(0, new Map([['m', new Map(Array.from({ length: 10_000 }, (_, at) => [`x${at}`, 1] as const))]])),
    ),
  ),
  stays(
    '1,000 extension handshakes',
    extended((_seat, say) => times(1_000, (at) => say(0, new Map([['m', new Map([['ut_pex', at % 256]])]])))),
  ),
  stays(
    'messages of extensions that there are not',
    extended((_seat, say) => times(256, (at) => say(at, new Map()))),
  ),
  stays(
    'peer exchange of ourselves, port 0 and multicast',
    extended((_seat, say) => {
      say(
        0,
        new Map<string, Encodable>([
          ['m', new Map([['ut_pex', 1]])],
          ['p', 0],
        ]),
      )
      times(20, (id) =>
        say(
          id,
          new Map([
            ['added', address(0)],
            ['dropped', noise(7)],
          ]),
        ),
      )
    }),
  ),
]

/** Every kind of peer that means no good. */
export const hostilePeers: readonly HostilePeer[] = [
  ...beforeTheHandshake,
  ...wrongLengths,
  ...declared,
  ...haves,
  ...floods,
  ...requests,
  ...blocks,
  ...extensions,
]
