import { describe, expect, it } from 'vitest'
import { type Lane, type QueueLimits, TorrentQueue, type QueueVerdict } from '../src/torrent/queue.js'

/** "-a +b": a waits now, b runs now, in the order they are told. */
const told = (verdicts: readonly QueueVerdict<string>[]): string =>
  verdicts.map(({ item, runs }) => `${runs ? '+' : '-'}${item}`).join(' ')

/** A queue of the torrents of a picture, all downloads but those in capitals, each told what to do when it came. */
function queueOf(letters: string, limits: QueueLimits) {
  const queue = new TorrentQueue<string>(limits)
  const laneOf = (letter: string): Lane => (letter === letter.toLowerCase() ? 'download' : 'seed')
  for (const letter of letters) queue.add(letter)
  const first = [...letters].map((letter) => told(queue.enter(letter, laneOf(letter)))).join(' ')
  const order = (): string => [...letters].sort((a, b) => (queue.position(a) ?? 0) - (queue.position(b) ?? 0)).join('')
  return { queue, first, order }
}

describe('a queue', () => {
  it.each([
    ['abcd', {}, '+a +b +c +d'],
    ['abcd', { activeDownloads: 2 }, '+a +b -c -d'],
    ['aBcDe', { activeDownloads: 2, activeSeeds: 1 }, '+a +B +c -D -e'],
    ['abAB', { activeDownloads: 1 }, '+a -b +A +B'],
  ] as const)('%s with %j: %s', (letters, limits, expected) => {
    expect(queueOf(letters, limits).first).toBe(expected)
  })

  it('gives the turn of one that leaves to the first that waits', () => {
    const { queue } = queueOf('abcd', { activeDownloads: 2 })
    expect(told(queue.leave('a'))).toBe('+c')
    expect(told(queue.leave('d'))).toBe('')
    expect(told(queue.remove('b'))).toBe('')
    expect(told(queue.enter('a', 'download'))).toBe('+a')
    expect(told(queue.enter('d', 'download'))).toBe('-d')
  })

  it('lets one that comes back before a running one take its place', () => {
    const { queue } = queueOf('abc', { activeDownloads: 2 })
    queue.leave('a')
    expect(told(queue.enter('a', 'download'))).toBe('-c +a')
  })

  it('has a lane for seeds: a download that is whole makes room, and may have to wait itself', () => {
    const { queue } = queueOf('abC', { activeDownloads: 1, activeSeeds: 1 })
    expect(told(queue.enter('a', 'seed'))).toBe('-C +a +b')
    expect(told(queue.enter('b', 'seed'))).toBe('-b')
    expect(told(queue.leave('a'))).toBe('+b')
  })

  it('follows the limits', () => {
    const { queue } = queueOf('abcDE', { activeDownloads: 1, activeSeeds: 1 })
    expect(told(queue.setLimits({ activeDownloads: 3 }))).toBe('+b +c +E')
    expect(told(queue.setLimits({ activeDownloads: 1, activeSeeds: 2 }))).toBe('-c -b')
    expect(told(queue.setLimits({}))).toBe('+b +c')
  })

  it.each([
    ['d', 'top', 'dabc', '-b +d'],
    ['c', 'up', 'acbd', '-b +c'],
    ['a', 'down', 'bacd', ''],
    ['a', 'bottom', 'bcda', '-a +c'],
    ['d', 1, 'adbc', '-b +d'],
    ['a', 99, 'bcda', '-a +c'],
    ['b', -5, 'bacd', ''],
    ['a', 'up', 'abcd', ''],
    ['d', 'down', 'abcd', ''],
  ] as const)('abcd, two at work, %s to %s: %s, %s', (item, to, order, verdicts) => {
    const scene = queueOf('abcd', { activeDownloads: 2 })
    expect(told(scene.queue.move(item, to).verdicts)).toBe(verdicts)
    expect(scene.order()).toBe(order)
  })

  it('runs forced ones beside the limits, and does not count them', () => {
    const { queue } = queueOf('abc', { activeDownloads: 1 })
    expect(told(queue.force('c', true))).toBe('+c')
    expect(told(queue.force('a', true))).toBe('+b')
    expect(queue.isForced('a')).toBe(true)
    expect(told(queue.force('a', false))).toBe('-b')
    expect(told(queue.force('c', false))).toBe('-c')
  })

  it('keeps the order of an earlier queue, whoever comes first', () => {
    const { queue: before } = queueOf('abcd', {})
    before.move('d', 1)
    const queue = new TorrentQueue<string>({ activeDownloads: 1 })
    const verdicts = ['c', 'd', 'b', 'a'].map((item) => {
      queue.add(item, { rank: before.rank(item) })
      return told(queue.enter(item, 'download'))
    })
    expect(verdicts).toEqual(['+c', '-c +d', '-b', '-d +a'])
    queue.add('new')
    expect(['a', 'd', 'b', 'c', 'new'].map((item) => queue.position(item))).toEqual([0, 1, 2, 3, 4])
  })

  it('numbers all anew when there is no room between two, and says so', () => {
    const { queue, order } = queueOf('abcd', { activeDownloads: 2 })
    let renumbered = 0
    queue.move('d', 1)
    for (let turn = 0; turn < 100; turn++) {
      const { ranked } = queue.move(turn % 2 === 0 ? 'c' : 'd', 1)
      if (ranked.length === 4) renumbered++
      expect(order()).toBe(turn % 2 === 0 ? 'acdb' : 'adcb')
      expect(Number.isSafeInteger(queue.rank('d'))).toBe(true)
    }
    expect(renumbered).toBeGreaterThan(0)
    expect(renumbered).toBeLessThan(10)
  })

  it('does not know one that was removed', () => {
    const { queue } = queueOf('ab', { activeDownloads: 1 })
    expect(told(queue.remove('a'))).toBe('+b')
    expect([queue.position('a'), queue.rank('a'), queue.isForced('a')]).toEqual([undefined, undefined, false])
    expect(told(queue.enter('a', 'download'))).toBe('')
    expect(queue.position('b')).toBe(0)
  })
})
