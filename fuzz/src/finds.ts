import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../finds', import.meta.url))

/** Inputs that once broke something, which the tests try again: JSON, in which `{ "$bytes": "hex" }` are bytes. */
export function finds(target: string): { readonly name: string; readonly input: unknown }[] {
  const own = join(folder, target)
  if (!existsSync(own)) return []
  return readdirSync(own).map((name) => ({ name, input: JSON.parse(readFileSync(join(own, name), 'utf8'), revive) }))
}

/** Writes an input that broke something. Answers the path. */
export function keepFind(target: string, input: unknown): string {
  const text = `${JSON.stringify(plain(input))}\n`
  const name = `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`
  mkdirSync(join(folder, target), { recursive: true })
  writeFileSync(join(folder, target, name), text)
  return join('fuzz', 'finds', target, name)
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value
  return Uint8Array.from(Buffer.from(String(value.$bytes), 'hex'))
}
