// The least that writing a file costs in Node: so many bytes by 1 MiB.
// node writer.js FILE BYTES
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { startCost } from './cost.js'

const [file = '', bytes] = process.argv.slice(2)
const lengthBytes = Number(bytes)
const chunk = Buffer.alloc(1 << 20, 1)
const handle = openSync(file, 'w')
const done = startCost()
for (let written = 0; written < lengthBytes; written += chunk.length) {
  writeSync(handle, chunk, 0, Math.min(chunk.length, lengthBytes - written))
}
done(lengthBytes)
closeSync(handle)
rmSync(file)
