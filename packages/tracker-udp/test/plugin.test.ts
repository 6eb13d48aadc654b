import { describe, expect, it } from 'vitest'
import { TrackerClient, type Bindings, type PluginHost, pluginContract } from '@bitloom/core'
import byDefault, { trackerUdp } from '../src/index.js'
import { countingRandom, goodTracker, identity, network, request, resolverOf, virtualClock } from './fakes.js'

describe('the plugin', () => {
  it('has a card and checks its options', () => {
    expect(byDefault).toBe(trackerUdp)
    expect(trackerUdp.plugin).toMatchObject({ name: 'tracker-udp', contract: pluginContract })
    expect(() => trackerUdp({ timeoutMs: 0 })).toThrowError(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }))
    expect(() => trackerUdp({ timeout: 1 } as object)).toThrowError(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }))
    expect(trackerUdp().name).toBe('tracker-udp')
  })

  it('binds a client of udp and closes its sockets in the end', async () => {
    const clock = virtualClock()
    const world = network(clock, goodTracker())
    const services = [world, resolverOf({ 'tracker.example.com': ['203.0.113.9'] }), clock, countingRandom()]
    const bound: TrackerClient[] = []
    const bindings = {
      factory: (port: unknown, _needs: unknown, make: (...services: readonly unknown[]) => TrackerClient) => {
        expect(port).toBe(TrackerClient)
        bound.push(make(...services))
      },
    } as unknown as Bindings
    const disposers: (() => unknown)[] = []
    const plugin = trackerUdp()
    plugin.bind?.(bindings)
    await plugin.apply?.({ defer: (dispose: () => unknown) => disposers.push(dispose) } as unknown as PluginHost)
    expect(bound.map(({ schemes }) => schemes)).toEqual([['udp']])
    await bound[0]?.announce(request, identity, new AbortController().signal)
    expect(world.openCount()).toBe(1)
    for (const dispose of disposers) await dispose()
    expect([world.openCount(), clock.timers]).toEqual([0, 0])
  })
})
