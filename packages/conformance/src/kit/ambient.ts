import { broken } from './expect.js'

/** What a strategy must not ask: its answers come from its arguments, or no run could be repeated. */
const ambient: readonly (readonly [owner: object, key: string, name: string])[] = [
  [Math, 'random', 'Math.random'],
  [Date, 'now', 'Date.now'],
  [performance, 'now', 'performance.now'],
]

/** Runs a synchronous call, and fails if it asks the machine for time or chance. */
export function withoutAmbient<T>(what: string, run: () => T): T {
  const asked = new Set<string>()
  const originals = ambient.map(([owner, key]) => Object.getOwnPropertyDescriptor(owner, key))
  for (const [owner, key, name] of ambient) {
    const original: unknown = Reflect.get(owner, key)
    const spy = (): unknown => {
      asked.add(name)
      return Reflect.apply(original as () => unknown, owner, [])
    }
    Object.defineProperty(owner, key, { value: spy, configurable: true, writable: true })
  }
  try {
    return run()
  } finally {
    for (const [index, [owner, key]] of ambient.entries()) {
      const original = originals[index]
      if (original === undefined) Reflect.deleteProperty(owner, key)
      else Object.defineProperty(owner, key, original)
    }
    if (asked.size > 0) broken(`${what} called ${[...asked].join(' and ')}: time and chance come as arguments`)
  }
}
