import { createHash } from 'node:crypto'
import type { Reference } from './stage.js'

const mebibyte = 1 << 20
const block = 1 << 14

/** A fixed amount of ordinary JavaScript: integers, a typed array, objects, a map. The result keeps it from being dropped. */
function loop(): number {
  const table = new Map<number, { count: number }>()
  const cells = new Uint32Array(256)
  let state = 1
  for (let step = 0; step < 20_000; step += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const cell = state & 255
    cells[cell] = (cells[cell] ?? 0) + step
    const entry = table.get(cell)
    if (entry === undefined) table.set(cell, { count: 1 })
    else entry.count += 1
  }
  return table.size + (cells[0] ?? 0)
}

const source = new Uint8Array(block).fill(7)
const target = new Uint8Array(mebibyte)
const bytes = new Uint8Array(mebibyte).fill(5)

/**
 * The references, one call each: `loop` 20,000 rounds of JavaScript, `copy` 1 MiB in blocks of 16 KiB, `sha1` 1 MiB through
 * Node's OpenSSL.
 */
export const references: Readonly<Record<Reference, () => unknown>> = {
  loop,
  copy: () => {
    for (let at = 0; at < mebibyte; at += block) target.set(source, at)
  },
  sha1: () => createHash('sha1').update(bytes).digest(),
}
