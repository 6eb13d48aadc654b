import { pickerConformance } from '@bitloom/conformance'
import { describe, it } from 'vitest'
import { randomOrder, rarestFirst } from '../src/rarest-first.js'
import { sequential } from '../src/sequential.js'
import { streaming } from '../src/streaming.js'

for (const picker of [rarestFirst(0), rarestFirst(4), randomOrder(), sequential()]) {
  pickerConformance({ describe, it }, { picker })
}

const clock = { nowMs: () => 0, wallMs: () => 0, after: () => () => {} }
// What is urgent comes before what is begun.
pickerConformance({ describe, it }, { picker: streaming(clock, { bytesPerSecond: 1 }), finishesBegunFirst: false })
