/** What core brings itself runs the suites of its ports. By path: a dependency on the kit, which depends on core, would be a circle. */
import { describe, it } from 'vitest'
import { chokerConformance, resumeStoreConformance, transportConformance } from '../../conformance/src/index.js'
import { memoryResumeStore } from '../src/driver/memory-resume-store.js'
import { tcpTransport } from '../src/node/tcp.js'
import { titForTat } from '../src/torrent/tit-for-tat.js'

chokerConformance({ describe, it }, { choker: titForTat })

resumeStoreConformance({ describe, it }, { title: 'ResumeStore in memory', store: memoryResumeStore })

for (const takeHandles of [true, false]) {
  transportConformance(
    { describe, it },
    {
      title: `TCP with ${takeHandles ? 'handles moved' : 'data events'}`,
      transport: () => tcpTransport({ takeHandles }),
    },
  )
}
transportConformance(
  { describe, it },
  { title: 'TCP over IPv6', transport: tcpTransport(), listenAt: { kind: 'ip', host: '::1', port: 0 } },
)
