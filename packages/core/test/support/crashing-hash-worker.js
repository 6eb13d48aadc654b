import { parentPort } from 'node:worker_threads'

parentPort?.on('message', () => {
  throw new Error('a worker that fails')
})
