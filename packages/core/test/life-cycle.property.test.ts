import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TorrentHandle } from '../src/driver/api.js'
import { add, full, type LifeScene, nothingLeft, pieces, scene } from './support/life-scene.js'

/** Let go on, it ends whole. */
async function goOn(it: LifeScene, torrent: TorrentHandle): Promise<void> {
  torrent.control.select([true])
  torrent.control.resume()
  const whole = (): boolean => torrent.view.state === 'seeding' && torrent.view.stats.leftBytes === 0
  expect(await it.world.clock.runUntil(whole, 400_000)).toBe(true)
  expect(Buffer.from(it.target.data).equals(Buffer.from(it.data))).toBe(true)
  await torrent.completed
}

describe('a life with turns', () => {
  it('whatever a user and a disk do, ends whole when let go on, and leaves nothing when removed', async () => {
    const turn = fc.record({
      kind: fc.constantFrom(
        'wait',
        'wait',
        'pause',
        'resume',
        'recheck',
        'none',
        'all',
        'one',
        'full',
        'free',
        'hold',
        'go',
      ),
      ms: fc.integer({ min: 1, max: 3_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 25, size: 'max' }), fc.boolean(), async (turns, isRemoved) => {
        const it = await scene({ extentBytes: 32_768, upBytesPerSecond: 400_000 })
        const torrent = await add(it)
        for (const { kind, ms } of turns) {
          play(it, torrent, kind, ms)
          await it.world.clock.advance(kind === 'wait' ? ms : ms / 20)
        }
        it.target.failWrites = undefined
        it.target.release()
        if (!isRemoved) await goOn(it, torrent)
        await torrent.remove()
        await nothingLeft(it)
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

function play({ target }: LifeScene, { control }: TorrentHandle, kind: string, ms: number): void {
  if (kind === 'pause') control.pause()
  if (kind === 'resume') control.resume()
  if (kind === 'recheck') control.recheck()
  if (kind === 'none') control.select([false])
  if (kind === 'all') control.select([true])
  if (kind === 'one') control.prioritize([ms % pieces], ms % 3)
  if (kind === 'full') target.failWrites = full()
  if (kind === 'free') target.failWrites = undefined
  if (kind === 'hold') target.holds.add('write').add('read').add('sync')
  if (kind === 'go') target.release()
}
