import { describe, expect, it } from 'vitest'
import { TrackerClient, type Bindings, type PluginHost, pluginContract } from '@bitloom/core'
import byDefault, { trackerHttp } from '../src/index.js'
import { clock, identity, request, resolverOf, withServer } from './fakes.js'

describe('the plugin', () => {
  it('has a card and checks its options', () => {
    expect(byDefault).toBe(trackerHttp)
    expect(trackerHttp.plugin).toMatchObject({ name: 'tracker-http', contract: pluginContract })
    expect(() => trackerHttp({ timeoutMs: 0 })).toThrowError(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }))
    expect(() => trackerHttp({ timeout: 1 } as object)).toThrowError(
      expect.objectContaining({ code: 'PLUGIN_OPTIONS' }),
    )
    expect(trackerHttp().name).toBe('tracker-http')
  })

  it('binds a client of http and https and closes its connections in the end', async () => {
    const bound: TrackerClient[] = []
    const bindings = {
      factory: (port: unknown, _needs: unknown, make: (...services: readonly unknown[]) => TrackerClient) => {
        expect(port).toBe(TrackerClient)
        bound.push(make(resolverOf(), clock))
      },
    } as unknown as Bindings
    const disposers: (() => unknown)[] = []
    const plugin = trackerHttp()
    plugin.bind?.(bindings)
    await plugin.apply?.({ defer: (dispose: () => unknown) => disposers.push(dispose) } as unknown as PluginHost)
    expect(bound.map(({ schemes }) => schemes)).toEqual([['http', 'https']])
    await withServer(
      (_, response) => response.end('de'),
      async ({ url, seen }) => {
        await bound[0]?.announce({ ...request, url }, identity, new AbortController().signal)
        const closed = new Promise((resolve) => seen[0]?.socket.once('close', resolve))
        for (const dispose of disposers) await dispose()
        await closed
        expect(seen.length).toBe(1)
      },
    )
  })
})
