import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layout, pieceCount, type Seat, TorrentBench } from './support/torrent-bench.js'
import { testPicker } from './support/world.js'

const kinds = [
  'join',
  'have',
  'bitfield',
  'haveAll',
  'choke',
  'unchoke',
  'reject',
  'allow',
  'start',
  'start',
  'end',
  'end',
  'deliver',
  'deliver',
  'late',
  'corrupt',
  'short',
  'unkept',
  'deliver all',
  'deliver all',
  'leave',
  'snub',
  'select',
  'forget',
  'stop',
  'go',
  'settle',
  'settle',
  'settle',
  'fail',
  'wait',
] as const

const step = fc.record({
  kind: fc.constantFrom(...kinds),
  seat: fc.nat(3),
  piece: fc.nat(pieceCount - 1),
  count: fc.nat(9),
  fast: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

describe('a torrent without I/O', () => {
  it('keeps its books true whatever peers, users and ports do, and leaves nothing behind', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 250, size: 'max' }),
        fc.integer({ min: 2, max: 40 }),
        (steps, budgetBlocks) => {
          const bench = new TorrentBench(budgetBlocks, testPicker)
          for (let index = 0; index < 2; index++)
            bench.turn(() => {
              const { peer } = bench.join(index === 0)
              peer.bitfield(Uint8Array.of(0xf8))
              peer.choke(false)
            })
          for (const one of steps) {
            bench.turn(() => act(bench, one))
            bench.check()
          }
          bench.end()
        },
      ),
      { numRuns: 80 },
    )
  })

  it('brings everything home in the end', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 2, max: 40 }),
        (steps, budgetBlocks) => {
          const bench = new TorrentBench(budgetBlocks, testPicker)
          for (const one of steps) bench.turn(() => act(bench, one))
          bench.turn(() => bench.torrent.startFetching())
          bench.turn(() => bench.torrent.prioritize(layoutPieces, () => 4))
          bench.turn(() => {
            const { peer } = bench.join(true)
            peer.haveAll()
            peer.choke(false)
          })
          for (let round = 0; round < 400 && bench.ledger.have.count < pieceCount; round++) {
            bench.nowMs += 1_000
            for (const seat of [...bench.seats]) bench.turn(() => bench.endBlock(seat))
            for (const seat of [...bench.seats])
              bench.turn(() => {
                const [first] = askedOf(seat)
                if (first === undefined || seat.peer.isChoking) return
                bench.startBlock(seat, first.piece, first.block, true)
                bench.endBlock(seat)
              })
            for (const seat of [...bench.seats])
              if (seat.peer.isChoking && seat.peer.asked.size > 0) bench.leave(seat.peer)
            while (bench.calls.length > 0) bench.turn(() => bench.settleCall(0, false))
            bench.turn(() => bench.housekeep())
          }
          expect(bench.ledger.have.count).toBe(pieceCount)
          expect(bench.wholeTimes).toBeGreaterThan(0)
          bench.end()
        },
      ),
      { numRuns: 50 },
    )
  })
})

const messages: ReadonlySet<string> = new Set(['have', 'bitfield', 'haveAll', 'choke', 'unchoke', 'allow', 'reject'])
const layoutPieces = Array.from({ length: pieceCount }, (_, piece) => piece)

function askedOf(seat: Seat): { piece: number; block: number }[] {
  const asked: { piece: number; block: number }[] = []
  seat.peer.asked.each((piece, block) => asked.push({ piece, block }))
  return asked
}

function act(bench: TorrentBench, { kind, seat: at, piece, count, fast }: Step): void {
  if (kind === 'join') {
    if (bench.seats.length < 4) bench.join(fast)
    return
  }
  if (actOnTorrent(bench, kind, piece, count)) return
  const seat = bench.seats[at]
  if (seat !== undefined) actOnPeer(bench, seat, { kind, piece, count })
}

function actOnTorrent(bench: TorrentBench, kind: Step['kind'], piece: number, count: number): boolean {
  const { torrent, calls } = bench
  switch (kind) {
    case 'select':
      torrent.prioritize([piece], () => count % 3)
      return true
    case 'forget':
      torrent.forget(piece)
      return true
    case 'stop':
      torrent.stopFetching()
      return true
    case 'go':
      torrent.startFetching()
      return true
    case 'settle':
    case 'fail':
      bench.settleCall(count % Math.max(1, calls.length), kind === 'fail')
      return true
    case 'wait':
      bench.nowMs += count * 7_000
      bench.housekeep()
      return true
    default:
      return false
  }
}

function actOnPeer(bench: TorrentBench, seat: Seat, { kind, piece, count }: Omit<Step, 'seat' | 'fast'>): void {
  const { peer } = seat
  // A message comes behind the block that was arriving, never within it.
  if (messages.has(kind)) bench.endBlock(seat)
  const asked = askedOf(seat)
  const one = asked[count % Math.max(1, asked.length)]
  switch (kind) {
    case 'have':
      return peer.have(piece)
    case 'bitfield':
      return quietly(() => peer.bitfield(Uint8Array.of((count * 29) & 0xf8)))
    case 'haveAll':
      return quietly(() => peer.haveAll())
    case 'choke':
      peer.choke(true)
      if (peer.supportsFast) for (const { piece: of, block } of asked) peer.reject(of, block * 16_384, 1)
      return
    case 'unchoke':
      return peer.choke(false)
    case 'allow':
      return quietly(() => peer.allowFast(piece))
    case 'reject':
      return quietly(() => one !== undefined && peer.reject(one.piece, one.block * 16_384, 1))
    case 'leave':
      return bench.leave(peer)
    case 'deliver all':
      for (const { piece: of, block } of asked) {
        bench.endBlock(seat)
        bench.startBlock(seat, of, block, true)
        bench.endBlock(seat)
      }
      return
    case 'snub':
      return bench.torrent.requests.snub(peer, bench.nowMs)
    default:
      return actOnBlock(bench, seat, kind, one, count)
  }
}

function actOnBlock(
  bench: TorrentBench,
  seat: Seat,
  kind: Step['kind'],
  one: { piece: number; block: number } | undefined,
  count: number,
): void {
  if (kind === 'end') return bench.endBlock(seat)
  const ever = [...seat.everAsked][count % Math.max(1, seat.everAsked.size)]?.split('/').map(Number)
  const late = { piece: ever?.[0] ?? 0, block: ever?.[1] ?? 0 }
  const it = kind === 'late' || kind === 'short' || kind === 'unkept' ? late : one
  if (it === undefined || it.block >= layout.blockCount(it.piece)) return
  bench.keeps = kind !== 'unkept'
  quietly(() => bench.startBlock(seat, it.piece, it.block, kind !== 'corrupt', kind === 'short' ? 99 : undefined))
  if (kind !== 'start') bench.endBlock(seat)
  bench.keeps = true
}

/** What a peer may not do ends in a ProtocolError; here it just does not happen. */
function quietly(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if ((error as Error).name !== 'ProtocolError') throw error
  }
}
