import { storageSuite } from '../../storage-memory/test/storage-suite.js'
import { boundStorage, createScratch } from './scratch.js'

const scratch = createScratch()

storageSuite('fs', async (content, wanted) =>
  scratch.open(content, await scratch.folder(), { isWanted: (file) => wanted.has(file) }),
)

storageSuite('fs with a single handle', async (content, wanted) =>
  scratch.open(content, await scratch.folder(), {
    storage: boundStorage({ maxOpenFiles: 1 }),
    isWanted: (file) => wanted.has(file),
  }),
)
