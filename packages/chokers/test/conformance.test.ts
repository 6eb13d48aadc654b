import { chokerConformance } from '@bitloom/conformance'
import { describe, it } from 'vitest'
import { antiLeech } from '../src/anti-leech.js'
import { bitTyrant } from '../src/bit-tyrant.js'
import { propShare } from '../src/prop-share.js'
import { rateBased } from '../src/rate-based.js'
import { roundRobin } from '../src/round-robin.js'

for (const choker of [roundRobin(20), antiLeech(), propShare(undefined)]) {
  chokerConformance({ describe, it }, { choker })
}
// As many slots as the upload can feed.
chokerConformance({ describe, it }, { choker: rateBased(), leavesSlotsEmpty: true })
chokerConformance({ describe, it }, { choker: propShare(100_000) })
// As many as its capacity buys, and of those who give enough for it.
for (const choker of [bitTyrant(undefined), bitTyrant(100_000)]) {
  chokerConformance({ describe, it }, { choker, leavesSlotsEmpty: true, turnWithinRounds: false })
}
