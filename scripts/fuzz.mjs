// `npm run fuzz -- [--minutes N] [--seed S] [--target NAME]`: tries all that reads foreign bytes with random ones, N minutes in
// all, and ends with a table of targets, runs, seed and finds. What it finds is kept in fuzz/finds, which the tests try again.
import { parseArgs } from 'node:util'
import { createServer, defaultServerConditions } from 'vite'
import { root, setUp } from './setup.mjs'

setUp()

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' }, target: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
  ssr: { resolve: { conditions: ['@bitloom/source', ...defaultServerConditions] } },
})
try {
  const { longRun } = await server.ssrLoadModule('/fuzz/src/long-run.ts')
  if (!(await longRun(Number(values.minutes), seed, values.target))) process.exitCode = 1
} finally {
  await server.close()
}
