/** What core brings itself runs the suites of its ports. By path: a dependency on the kit, which depends on core, would be a circle. */
import { describe, it } from 'vitest'
import { chokerConformance, resumeStoreConformance } from '../../conformance/src/index.js'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { titForTat } from '../src/torrent/tit-for-tat.js'

chokerConformance({ describe, it }, { choker: titForTat })

resumeStoreConformance({ describe, it }, { title: 'ResumeStore in memory', store: memoryResumeStore })
