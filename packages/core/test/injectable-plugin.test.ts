import { inject, injectable } from 'inversify'
import { expect, it } from 'vitest'
import { Clock } from '../src/ports/clock.js'
import { Resolver } from '../src/ports/resolver.js'
import type { PluginHost } from '../src/session/plugin.js'
import { bench, plugin } from './support/fake-engine.js'

/** As a plugin author may write it: a class that says by decorators what it is made of. */
@injectable()
class DatedResolver implements Resolver {
  readonly #clock: Clock

  constructor(@inject(Clock) clock: Clock) {
    this.#clock = clock
  }

  async resolve(host: string): Promise<readonly string[]> {
    return [`${host}@${this.#clock.nowMs()}`]
  }
}

it('a decorated class is made with its services, once', async () => {
  let host: PluginHost | undefined
  const dated = plugin('dated', {
    bind: (bindings) => bindings.service(Resolver, DatedResolver),
    apply: (given) => void (host = given),
  })
  const { clock, start } = bench()
  await start([dated])
  const resolver = host?.get(Resolver)
  expect(await resolver?.resolve('here', new AbortController().signal)).toEqual([`here@${clock.nowMs()}`])
  expect(host?.get(Resolver)).toBe(resolver)
})

it('a class without decorators is the fault of its plugin', async () => {
  class Plain {
    readonly clock: Clock
    constructor(clock: Clock) {
      this.clock = clock
    }
    async resolve(): Promise<readonly string[]> {
      return []
    }
  }
  const bad = plugin('bad', { bind: (bindings) => bindings.service(Resolver, Plain) })
  await expect(bench().start([bad])).rejects.toMatchObject({ code: 'PLUGIN_FAILED', plugin: 'bad', hook: 'bind' })
})
