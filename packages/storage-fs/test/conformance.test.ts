import { storageConformance } from '@bitloom/conformance'
import { describe, it } from 'vitest'
import { boundStorage, createScratch } from './scratch.js'

const { folder } = createScratch()
const offers = ['want', 'move', 'rename', 'complete', 'remove', 'freeBytes', 'stamps', 'reopen'] as const

storageConformance({ describe, it }, { storage: boundStorage, directory: folder, offers })

storageConformance(
  { describe, it },
  {
    title: 'Storage fs with a single handle',
    storage: () => boundStorage({ maxOpenFiles: 1 }),
    directory: folder,
    offers,
  },
)
