import { expect, it } from 'vitest'
import { add, scene } from './support/life-scene.js'

it('a torrent of which nothing is wanted any more has completed nothing, and completes when it is wanted again', async () => {
  const life = await scene()
  const { world, told } = life
  const handle = await add(life)
  await world.clock.advance(2_000)
  handle.control.select([false])
  await world.clock.advance(2_000)
  expect(handle.view.state).toBe('seeding')
  expect(told).toEqual(['started'])
  handle.control.select([true])
  await world.clock.advance(30_000)
  expect(handle.view.state).toBe('seeding')
  expect(told.filter((event) => event !== 'regular')).toEqual(['started', 'completed'])
  expect(world.faults).toEqual([])
})
