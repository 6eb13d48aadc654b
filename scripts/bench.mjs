// `npm run bench`: sets up what is missing, then measures. docs/BENCHMARKS.md says what, and how to read it.
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()

await import(join(root, 'packages', 'bench', 'dist', 'src', 'main.js'))
