/**
 * Bytes per second of one digest from `openssl speed -mr` with a single block size, as it prints them for machines:
 * `+F:4:sha1:1551275670.59`. @throws Error when there is no such line
 */
export function parseOpensslSpeed(text: string, digest: string): number {
  const [, rate] = new RegExp(String.raw`^\+F:\d+:${digest}:([\d.]+)$`, 'm').exec(text) ?? []
  if (rate === undefined) throw new Error(`openssl told no speed of ${digest}: ${text}`)
  return Number(rate)
}
