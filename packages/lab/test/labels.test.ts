import { describe, expect, it } from 'vitest'
import { type Point, placeLabels } from '../src/html/labels.js'

const area = { left: 0, right: 400, top: 0, bottom: 300 }
const rising = (shift: number): Point[] => [
  [shift, 300],
  [shift + 100, 0],
]

describe('the names of lines', () => {
  it('stand beside their own line, inside the plot', () => {
    const [label] = placeLabels([{ name: 'one', points: rising(50) }], area)
    const { x = 0, y = 0, side } = label ?? {}
    const lineX = 50 + ((300 - y) / 300) * 100
    expect(Math.abs(x - lineX)).toBeLessThan(12)
    expect(x).toBeGreaterThan(0)
    expect(side).toMatch(/left|right/)
  })

  it('do not cover each other, nor other lines', () => {
    const lines = ['rarest-first', 'random', 'sequential'].map((name, index) => ({
      name,
      points: rising(60 + 40 * index),
    }))
    const labels = placeLabels(lines, area)
    expect(labels.map(({ name }) => name)).toEqual(lines.map(({ name }) => name))
    for (const [index, a] of labels.entries()) {
      for (const b of labels.slice(index + 1)) {
        const [aLeft, bLeft] = [a, b].map(({ x, side, name }) => (side === 'left' ? x - name.length * 7 : x)) as [
          number,
          number,
        ]
        const apart =
          Math.abs(a.y - b.y) >= 14 || aLeft + a.name.length * 7 <= bLeft || bLeft + b.name.length * 7 <= aLeft
        expect(apart).toBe(true)
      }
    }
  })

  it('are left out where there is no room', () => {
    const flat: Point[] = [
      [0, 2],
      [400, 2],
    ]
    expect(placeLabels([{ name: 'flat', points: flat }], area)).toEqual([])
  })
})
