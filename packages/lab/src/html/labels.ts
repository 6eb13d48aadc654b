/** A point in px, from the upper left. */
export type Point = readonly [x: number, y: number]

export interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

/** Where the name of a line goes: `x`, `y` is the middle of the text's left or right edge. */
export interface Label {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly side: 'left' | 'right'
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const gap = 7
const halfHeight = 8
/** A px count that is wide enough for most letters at 12 px. */
const letterWidth = 6.9

/**
 * Puts the name of each line beside it, where it covers the fewest other lines and no other name. Greedy, in the given
 * order; good enough for the handful of lines of a plot.
 */
export function placeLabels(lines: readonly Line[], area: Box): Label[] {
  const dense = lines.map((line) => ({ name: line.name, points: densely(line.points) }))
  const taken: Box[] = []
  return dense.flatMap((line) => {
    const candidates = line.points
      .filter((_, index) => index % 3 === 0)
      .flatMap((point) => [labelAt(line.name, point, 'right'), labelAt(line.name, point, 'left')])
      .filter((label) => isWithin(boxOf(label), area))
    const scored = candidates.map((label) => ({ label, cost: costOf(boxOf(label), line.name, dense, taken) }))
    const best = scored.reduce<(typeof scored)[number] | undefined>(
      (least, each) => (least === undefined || each.cost < least.cost ? each : least),
      undefined,
    )
    if (best === undefined) return []
    taken.push(boxOf(best.label))
    return [best.label]
  })
}

function labelAt(name: string, [x, y]: Point, side: Label['side']): Label {
  return { name, x: side === 'right' ? x + gap : x - gap, y, side }
}

function boxOf({ name, x, y, side }: Label): Box {
  const width = name.length * letterWidth
  return {
    left: side === 'right' ? x : x - width,
    right: side === 'right' ? x + width : x,
    top: y - halfHeight,
    bottom: y + halfHeight,
  }
}

const overlapCost = 1000

function costOf(box: Box, own: string, lines: readonly Line[], taken: readonly Box[]): number {
  const overlaps = taken.filter((other) => overlap(box, other)).length
  const covered = lines.reduce((sum, line) => {
    const count = line.points.filter((point) => isInside(point, box)).length
    return sum + (line.name === own ? 2 * count : count)
  }, 0)
  // Near to another line a name is taken for that line's.
  const wide = { left: box.left - gap, right: box.right + gap, top: box.top - 3, bottom: box.bottom + 3 }
  const near = lines.reduce(
    (sum, line) => (line.name === own ? sum : sum + line.points.filter((point) => isInside(point, wide)).length),
    0,
  )
  return overlaps * overlapCost + covered + near / 2
}

/** The points of a line, so near to each other that none slips through a label. */
function densely(points: readonly Point[]): Point[] {
  return points.flatMap(([x, y], index) => {
    const [nextX, nextY] = points[index + 1] ?? [x, y]
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(nextX - x), Math.abs(nextY - y)) / 3))
    return Array.from({ length: steps }, (_, step): Point => [
      x + ((nextX - x) * step) / steps,
      y + ((nextY - y) * step) / steps,
    ])
  })
}

function isInside([x, y]: Point, { left, right, top, bottom }: Box): boolean {
  return x >= left && x <= right && y >= top && y <= bottom
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom
  )
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
