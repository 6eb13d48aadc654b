import { expect, test } from 'vitest'
import type * as errors from '../src/bytes/errors.js'
import { BitloomError, StorageError } from '../src/bytes/errors.js'

/** The module once more, as a plugin that brings its own core has it. */
const copy: typeof errors = await import(
  /* @vite-ignore */ `${new URL('../src/bytes/errors.ts', import.meta.url).href}?copy`
)

test('errors of another copy of core are told apart by class', () => {
  const foreign = new copy.StorageError('NO_SPACE', 'the disk is full', { path: '/data', retry: true })
  expect(copy.StorageError).not.toBe(StorageError)
  expect(foreign instanceof StorageError).toBe(true)
  expect(foreign instanceof BitloomError).toBe(true)
  expect(new copy.PathError('no path') instanceof StorageError).toBe(false)
  const impostor = Object.assign(new Error('it only looks like one'), { name: 'StorageError' })
  expect(impostor instanceof StorageError).toBe(false)
})
