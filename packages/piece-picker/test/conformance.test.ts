import { pickerConformance } from '@bitloom/conformance'
import { describe, it } from 'vitest'
import { randomOrder, rarestFirst } from '../src/rarest-first.js'
import { sequential } from '../src/sequential.js'

for (const picker of [rarestFirst(0), rarestFirst(4), randomOrder(), sequential()]) {
  pickerConformance({ describe, it }, { picker })
}
