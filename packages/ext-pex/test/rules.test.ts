import { ipEndpoint, type IpEndpoint } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { Intake } from '../src/intake.js'
import type { PexMessage } from '../src/protocol.js'
import { Told } from '../src/told.js'

const at = (index: number, host = '203.0'): IpEndpoint =>
  ipEndpoint(`${host}.${index >> 8}.${index & 255}`, 6881) as IpEndpoint
const peers = (from: number, to: number, flags = 0) =>
  Array.from({ length: to - from }, (_, index) => ({ endpoint: at(from + index), flags }))
const adding = (from: number, to: number, flags = 0): PexMessage => ({ added: peers(from, to, flags), dropped: [] })

describe('what a peer is told', () => {
  it('is each change once, fifty at a time', () => {
    const told = new Told()
    const sizes: string[] = []
    for (const connected of [
      peers(0, 120),
      peers(0, 120),
      peers(0, 120),
      peers(0, 120),
      peers(100, 121),
      peers(100, 121),
    ]) {
      const news = told.news(connected)
      if (news !== undefined) told.tell(news)
      sizes.push(news === undefined ? 'nothing' : `+${news.added.length} -${news.dropped.length}`)
    }
    expect(sizes).toEqual(['+50 -0', '+50 -0', '+20 -0', 'nothing', '+1 -50', '+0 -50'])
  })

  it('stays to be told while it could not be sent', () => {
    const told = new Told()
    expect(told.news(peers(0, 3))).toEqual(told.news(peers(0, 3)))
  })
})

describe('what is taken of a peer', () => {
  it('is a hundred, then fifty, and never more than five hundred', () => {
    const intake = new Intake('198.51.100.1', 0)
    const taken = Array.from({ length: 14 }, (_, minute) =>
      intake.take(adding(minute * 200, minute * 200 + 200), true, minute * 60_000),
    )
    expect(taken.map(({ length }) => length)).toEqual([100, 50, 50, 50, 50, 50, 50, 50, 50, 0, 0, 0, 0, 0])
    expect(intake.isFlood).toBe(false)
  })

  it('comes once in half a minute; what comes in between is not read, and at last a flood', () => {
    const intake = new Intake('198.51.100.1', 0)
    const taken = Array.from({ length: 60 }, (_, second) =>
      intake.take(adding(second, second + 1), true, second * 1_000),
    )
    expect(taken.filter(({ length }) => length > 0)).toHaveLength(4)
    expect(intake.isFlood).toBe(true)
  })

  it('counts what cannot be read as a fault', () => {
    const intake = new Intake('198.51.100.1', 0)
    for (let count = 0; count < 51; count++) intake.take(undefined, true, count * 60_000)
    expect(intake.isFlood).toBe(true)
  })

  it('leaves out seeds where they are of no use', () => {
    const intake = new Intake('198.51.100.1', 0)
    expect(intake.take(adding(0, 3, 0x02), false, 0)).toEqual([])
    expect(intake.take(adding(0, 3, 0x12), true, 0)).toHaveLength(3)
  })

  it.each([
    ['198.51.100.1', 1],
    ['192.168.1.1', 4],
    ['127.0.0.1', 4],
  ])('of %s is not of a network it cannot know', (host, count) => {
    const inner = ['10.0', '127.0', '192.168'].map((start) => ({ endpoint: at(77, start), flags: 0 }))
    const message = { added: [...inner, ...peers(0, 1)], dropped: [] }
    expect(new Intake(host, 0).take(message, true, 0)).toHaveLength(count)
  })
})
