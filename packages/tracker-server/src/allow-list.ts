import { BitloomError } from '@bitloom/core'

/**
 * The info-hashes of an allow-list file: one to a line, 40 hex digits (v1) or 64 (v2, known to trackers by its first
 * 20 bytes); `#` begins a comment. Gives 40 lower-case hex digits each, as the option `allow` takes them.
 * @throws BitloomError INVALID_ARGUMENT naming the line
 */
export function parseAllowList(text: string): Set<string> {
  const hashes = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const hash = line.replace(/#.*/, '').trim().toLowerCase()
    if (hash === '') continue
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) {
      throw new BitloomError('INVALID_ARGUMENT', `Line ${index + 1} of the allow-list is no info-hash.`)
    }
    hashes.add(hash.slice(0, 40))
  }
  return hashes
}
