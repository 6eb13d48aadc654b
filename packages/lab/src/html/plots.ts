import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Curve } from '../curves.js'
import type { Estimate } from '../statistics.js'
import { type Markup, raw } from './markup.js'
import { placeLabels } from './labels.js'

/** A line with a name, a colour (its place in the palette) and a band. */
export interface NamedCurve {
  readonly name: string
  readonly color: number
  readonly curve: Curve
}

export interface CurveOptions {
  readonly width: number
  readonly height: number
  readonly xLabel: string
  readonly yLabel: string
  /** Values are shares: the axis goes from 0 to 100 %. */
  readonly isShare?: boolean
  readonly alt: string
}

const margins = { marginTop: 28, marginRight: 14, marginBottom: 44, marginLeft: 46 }

/** Colours are variables of the page, so that light, dark and print each have their own. */
export function colorOf(index: number): string {
  return `var(--series-${index % paletteSize})`
}
export const paletteSize = 10
/** Beside colour, so that lines can be told apart without it. */
const dashes = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 2', '1 3', '14 3 2 3 2 3', '5 5', '10 2']

/** Lines over time with their bands, each with its name beside it. */
export function curvesPlot(curves: readonly NamedCurve[], options: CurveOptions): Markup {
  const { width, height, isShare = false } = options
  const factor = isShare ? 100 : 1
  const rows = curves.flatMap(({ name, color, curve }) =>
    curve.map(({ atSeconds, mean, low, high }) => ({
      name,
      color,
      x: atSeconds,
      y: mean * factor,
      low: low * factor,
      high: high * factor,
    })),
  )
  const xEnd = Math.max(1e-9, ...rows.map(({ x }) => x))
  const yEnd = isShare ? 100 : Math.max(1, ...rows.map(({ high }) => high)) * 1.04
  const px = (x: number): number => margins.marginLeft + (x / xEnd) * (width - margins.marginLeft - margins.marginRight)
  const py = (y: number): number =>
    height - margins.marginBottom - (y / yEnd) * (height - margins.marginTop - margins.marginBottom)
  const labels = placeLabels(
    curves.map(({ name, curve }) => ({
      name,
      points: curve.map(({ atSeconds, mean }) => [px(atSeconds), py(mean * factor)] as const),
    })),
    { left: margins.marginLeft + 2, right: width - 2, top: 10, bottom: height - margins.marginBottom - 2 },
  )
  const colors = new Map(curves.map(({ name, color }) => [name, color]))
  return draw(options.alt, {
    width,
    height,
    ...margins,
    x: { domain: [0, xEnd], label: options.xLabel, ticks: width < 500 ? 5 : 9 },
    y: { domain: [0, yEnd], label: options.yLabel, ticks: 5, grid: true },
    marks: [
      Plot.areaY(rows, { x: 'x', y1: 'low', y2: 'high', z: 'name', fill: fillOf, fillOpacity: 0.13 }),
      ...curves.map(({ name, color }) =>
        Plot.lineY(
          rows.filter((row) => row.name === name),
          {
            x: 'x',
            y: 'y',
            stroke: colorOf(color),
            strokeWidth: 2.2,
            strokeDasharray: dashes[color % dashes.length] ?? '',
          },
        ),
      ),
      Plot.ruleY([0], { stroke: 'var(--axis)' }),
      ...labels.map(({ name, x, y, side }) =>
        Plot.text([name], {
          frameAnchor: 'top-left',
          dx: x - margins.marginLeft,
          dy: y - margins.marginTop,
          textAnchor: side === 'right' ? 'start' : 'end',
          lineAnchor: 'middle',
          fill: colorOf(colors.get(name) ?? 0),
          stroke: 'var(--paper)',
          strokeWidth: 4,
          fontWeight: 600,
        }),
      ),
    ],
  })
}

const fillOf = ({ color }: { readonly color: number }): string => colorOf(color)

/** A figure of one strategy. */
export interface Dot {
  readonly name: string
  readonly color: number
  readonly value: Estimate | undefined
  /** The values of single seeds. */
  readonly seeds: readonly number[]
  /** What stands at the end of the row. */
  readonly text: string
}

export interface DotsOptions {
  readonly width: number
  readonly xLabel: string
  readonly alt: string
  /** The largest that the figure can be. */
  readonly most?: number | undefined
}

const fontPx = 12
/** What a letter takes, and what a number on the axis may. */
const [letterPx, tickPx] = [7, 50]
const widestName = 136

/** A row for each strategy: its mean, the interval, and the single seeds, faint. */
export function dotsPlot(dots: readonly Dot[], options: DotsOptions): Markup {
  const { width, most } = options
  const rows = dots.flatMap(({ value, ...dot }) => (value === undefined ? [] : [{ ...dot, ...barOf(value, most) }]))
  const [low, high] = dotsDomain(dots, most)
  const nameWidth = Math.max(...dots.map(({ name }) => name.length)) * letterPx
  const marginLeft = Math.min(widestName, nameWidth) + 14
  const marginRight = Math.max(...dots.map(({ text }) => text.length)) * 6.6 + 16
  const rowHeight = nameWidth > widestName ? 34 : 24
  return draw(options.alt, {
    width,
    height: rowHeight * dots.length + 52,
    marginLeft,
    marginRight,
    marginTop: 6,
    marginBottom: 42,
    x: {
      domain: [low, high],
      label: options.xLabel,
      ticks: Math.max(2, Math.floor((width - marginLeft - marginRight) / tickPx)),
      grid: true,
      nice: true,
    },
    y: { domain: dots.map(({ name }) => name), label: null, type: 'band', padding: 0.2 },
    marks: [
      // Long names have two lines.
      Plot.axisY({ tickSize: 0, lineWidth: widestName / fontPx }),
      Plot.dot(
        dots.flatMap(({ name, color, seeds }) => seeds.map((x) => ({ name, color, x }))),
        {
          x: 'x',
          y: 'name',
          r: 2.2,
          fill: fillOf,
          fillOpacity: 0.35,
        },
      ),
      Plot.ruleY(rows, { x1: 'low', x2: 'high', y: 'name', stroke: fillOf, strokeWidth: 2.4 }),
      Plot.dot(rows, { x: 'mean', y: 'name', r: 5, fill: fillOf, stroke: 'var(--paper)', strokeWidth: 1.5 }),
      Plot.text(dots, {
        y: 'name',
        text: 'text',
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 8,
        fill: 'var(--ink)',
      }),
    ],
  })
}

interface Bar {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** An interval as it is drawn: it ends where the figure cannot go further. */
function barOf({ mean, low = mean, high = mean }: Estimate, most = Infinity): Bar {
  return { mean, low: Math.max(0, low), high: Math.min(most, high) }
}

/** The ends of the axis of a dots plot: from 0 where the values come near to it. */
export function dotsDomain(dots: readonly Dot[], most: number | undefined): readonly [number, number] {
  const values = dots.flatMap(({ seeds, value }) => {
    const bar = value === undefined ? undefined : barOf(value, most)
    return [...seeds, ...(bar === undefined ? [] : [bar.low, bar.high])]
  })
  const low = Math.min(...values)
  const high = Math.max(...values)
  const span = high - low || Math.abs(high) || 1
  if (low >= 0 && low < 1.5 * span) return [0, high + span * 0.04 || 1]
  return [low - span * 0.06, high + span * 0.06]
}

function draw(alt: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg = Plot.plot({
    ...options,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    style: {
      background: 'none',
      color: 'var(--ink-soft)',
      fontSize: `${fontPx}px`,
      fontFamily: 'inherit',
      overflow: 'visible',
    },
  })
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', alt)
  return raw(svg.outerHTML)
}
