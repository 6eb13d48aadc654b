import { describe, expect, it } from 'vitest'
import { type Seat, TorrentBench } from './support/torrent-bench.js'
import { bytesOf } from './wire-log.js'

const noPicker = { name: 'none', create: () => ({ pick: () => {} }) }

function benchWithTwo(): { bench: TorrentBench; lacking: Seat; having: Seat; said: (seat: Seat) => unknown } {
  const bench = new TorrentBench(16, noPicker)
  const [lacking, having] = [bench.join(false), bench.join(false)]
  having.peer.have(2)
  for (const { peer } of [lacking, having]) peer.setChoking(false, 0)
  const said = ({ peer }: Seat): unknown => (peer.out as unknown as { takeOutput(): unknown }).takeOutput()
  said(lacking)
  said(having)
  return { bench, lacking, having, said }
}

const havePiece2 = bytesOf('00000005 04 00000002')

describe('a piece that became ours', () => {
  it('is told at once to who lacks it, within a second to who has it', () => {
    const { bench, lacking, having, said } = benchWithTwo()
    bench.ledger.have.add(2)
    bench.torrent.showing.add(2)
    bench.torrent.showing.tellHaves()
    expect(said(lacking)).toEqual(havePiece2)
    expect(said(having)).toBeUndefined()
    bench.housekeep()
    expect(said(lacking)).toBeUndefined()
    expect(said(having)).toEqual(havePiece2)
  })

  it('is told within a second, together with others, to who is choked', () => {
    const { bench, lacking, said } = benchWithTwo()
    lacking.peer.setChoking(true, 0)
    said(lacking)
    for (const piece of [2, 3]) {
      bench.ledger.have.add(piece)
      bench.torrent.showing.add(piece)
      bench.torrent.showing.tellHaves()
    }
    expect(said(lacking)).toBeUndefined()
    bench.housekeep()
    expect(said(lacking)).toEqual(bytesOf('00000005 04 00000002 00000005 04 00000003'))
  })

  it('is told in turns to a large crowd that is choked', () => {
    const { bench, said } = benchWithTwo()
    const crowd = Array.from({ length: 800 }, () => bench.join(false))
    for (const seat of crowd) said(seat)
    bench.ledger.have.add(2)
    bench.torrent.showing.add(2)
    bench.torrent.showing.tellHaves()
    const told = (): number => {
      bench.housekeep()
      return crowd.filter((seat) => said(seat) !== undefined).length
    }
    const rounds = [told(), told(), told(), told()]
    expect(Math.max(...rounds)).toBeLessThan(300)
    expect(rounds.reduce((sum, count) => sum + count)).toBe(800)
  })

  it('goes along with the next news', () => {
    const { bench, having, said } = benchWithTwo()
    for (const piece of [2, 3]) {
      bench.ledger.have.add(piece)
      bench.torrent.showing.add(piece)
      bench.torrent.showing.tellHaves()
    }
    expect(said(having)).toEqual(bytesOf('00000005 04 00000002 00000005 04 00000003'))
  })

  it('is not told late to anybody when it was lost meanwhile', () => {
    const { bench, having, said } = benchWithTwo()
    bench.ledger.have.add(2)
    bench.torrent.showing.add(2)
    bench.torrent.showing.tellHaves()
    bench.torrent.forget(2)
    said(having)
    bench.housekeep()
    expect(said(having)).toBeUndefined()
  })
})
