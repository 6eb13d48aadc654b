import { parentPort } from 'node:worker_threads'
import { HashState } from './hash-state.js'

/** Jobs under way in this thread, by id. @type {Map<number, HashState>} */
const states = new Map()

parentPort?.on('message', ({ id, plan, bytes, last }) => {
  if (bytes === undefined) {
    states.delete(id)
    return
  }
  const state = states.get(id) ?? new HashState(plan)
  states.set(id, state)
  state.update(bytes)
  if (last) states.delete(id)
  parentPort?.postMessage({ bytes, digests: last ? state.finish() : undefined }, [bytes.buffer])
})
