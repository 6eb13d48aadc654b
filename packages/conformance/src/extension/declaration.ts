import { expectSame, expectThat, show } from '../kit/expect.js'
import { type ExtensionBench, mostBytes, torrents } from './bench.js'

export function checkDeclaration({ extension }: ExtensionBench): void {
  const { name, wireIds = {}, reservedBits = [] } = extension
  expectThat(/^[\x21-\x7e]{1,64}$/.test(name), `its name is ${show(name)}: expected plain ASCII of 1 to 64 characters`)
  for (const [id, length] of Object.entries(wireIds)) {
    const isId = Number.isInteger(Number(id)) && Number(id) >= 9 && Number(id) <= 255 && Number(id) !== 20
    expectThat(isId, `it claims the base message id ${id}: expected one from 9 to 255 that core does not use`)
    expectThat(
      Number.isInteger(length) && length >= 0 && length <= mostBytes,
      `message ${id} has ${show(length)} bytes`,
    )
  }
  for (const bit of reservedBits) {
    expectThat(
      Number.isInteger(bit) && bit >= 0 && bit < 64,
      `it claims the reserved bit ${show(bit)}: expected 0 to 63`,
    )
  }
}

/** Keys that core writes itself (BEP 10, BEP 21). */
const coreKeys = ['m', 'v', 'p', 'reqq', 'yourip', 'upload_only']

export function checkHello(bench: ExtensionBench): void {
  for (const torrent of torrents) {
    const into = new Map<string, unknown>([['other', 1]])
    bench.call(
      () => 'hello',
      () => bench.extension.hello?.(into, torrent),
    )
    expectSame(into.get('other'), 1, 'a key of another extension after hello')
    for (const [key, value] of into) {
      expectThat(!coreKeys.includes(key), `hello wrote ${show(key)}, which is a key of core`)
      expectThat(isEncodable(value), () => `hello wrote ${show(key)} = ${show(value)}, which bencode has no form for`)
    }
  }
}

function isEncodable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isEncodable)
  return (
    value instanceof Map && [...value.entries()].every(([key, part]) => typeof key === 'string' && isEncodable(part))
  )
}
