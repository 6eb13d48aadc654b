import { oneFile } from '@bitloom/interop/payload'
import { expect, it } from 'vitest'

it('a payload may have 4 GiB and more', () => {
  expect(oneFile(4_097)).toEqual([{ path: '', lengthBytes: 4_097 * 1_048_576 }])
})
