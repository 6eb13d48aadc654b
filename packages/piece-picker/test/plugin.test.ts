import { type Bindings, type Clock, PiecePicker, type Plugin, pluginContract } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import plugin, { piecePicker, type PiecePickerOptions } from '../src/index.js'
import endsFirst from './ends-first.js'
import { FakeTorrent, peerOf, seeded, type Taken } from './picture.js'

/** What a plugin binds as `PiecePicker`, in order. */
function pickersOf(made: Plugin): PiecePicker[] {
  const bound: PiecePicker[] = []
  const bindings = {
    value: (port: unknown, value: PiecePicker) => {
      if (port === PiecePicker) bound.push(value)
    },
    factory: (port: unknown, _needs: unknown, make: (clock: Clock) => PiecePicker) => {
      if (port === PiecePicker) bound.push(make({ nowMs: () => 0, wallMs: () => 0, after: () => () => {} }))
    },
  } as unknown as Bindings
  made.bind?.(bindings)
  return bound
}

describe('the plugin', () => {
  it.each<[PiecePickerOptions | undefined, readonly string[]]>([
    [undefined, ['rarest-first', 'sequential', 'random', 'streaming']],
    [{ default: 'sequential' }, ['sequential', 'rarest-first', 'random', 'streaming']],
    [{ default: 'random', randomFirstPieces: 0 }, ['random', 'rarest-first', 'sequential', 'streaming']],
  ])('with %j binds its pickers, the default one first', (options, names) => {
    expect(pickersOf(piecePicker(options)).map(({ name }) => name)).toEqual(names)
  })

  it('is the default export, with its card', () => {
    expect(plugin).toBe(piecePicker)
    expect(plugin.plugin).toMatchObject({ name: 'piece-picker', contract: pluginContract })
    expect(plugin().name).toBe('piece-picker')
  })

  it.each([
    [
      { default: 'fastest' },
      'piece-picker got wrong options: default: must be one of rarest-first, sequential, random, streaming',
    ],
    [{ randomFirstPieces: -1 }, 'randomFirstPieces: must be a whole number'],
    [{ randomFirstPieces: '4' }, 'randomFirstPieces: must be a whole number'],
    [{ toString: 1 }, 'toString: is no option'],
    [{ streaming: 7 }, 'streaming: must be an object'],
    [{ streaming: { bytesPerSecond: 'fast' } }, 'streaming.bytesPerSecond: must be a number'],
    [{ streaming: { speed: 1 } }, 'streaming.speed: is no option'],
    [[], 'must be an object'],
  ])('refuses %j', (options, message) => {
    expect(() => piecePicker(options as PiecePickerOptions)).toThrow(message)
  })

  it.each([
    [{ randomFirstPieces: 0 }, false],
    [{}, true],
  ])('with %j starts at random: %s', (options, atRandom) => {
    const firsts = new Set<number | undefined>()
    for (let seed = 0; seed < 40; seed++) {
      const torrent = new FakeTorrent({ availability: '123' })
      const log: Taken[] = []
      const peer = peerOf('###')
      pickersOf(piecePicker(options))[0]
        ?.create(torrent, seeded(seed))
        .pick(peer, torrent.picks(peer, 1, log))
      firsts.add(log[0]?.piece)
    }
    expect(firsts.size > 1).toBe(atRandom)
  })
})

describe('the picker of the README', () => {
  it('takes both ends first, then in order', () => {
    const torrent = new FakeTorrent({ availability: '1111' })
    const log: Taken[] = []
    const peer = peerOf('####')
    pickersOf(endsFirst())[0]
      ?.create(torrent, seeded(1))
      .pick(peer, torrent.picks(peer, 100, log))
    expect(log.map(({ piece }) => piece)).toEqual([0, 3, 1, 2])
  })
})
