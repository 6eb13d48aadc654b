// The least that an upload costs in Node: sends so many bytes to the first that connects, of one buffer or of a file that is
// read in pieces of 256 KiB. Prints "ready" when it listens.
// node sender.js HOST PORT BYTES [FILE]
import { openSync, readSync } from 'node:fs'
import { createServer } from 'node:net'
import { startCost } from './cost.js'

const [host, port, bytes, file] = process.argv.slice(2)
const lengthBytes = Number(bytes)
const chunk = Buffer.alloc(262_144, 1)
const source = file === undefined ? undefined : openSync(file, 'r')

const server = createServer((socket) => {
  const done = startCost()
  let sent = 0
  const send = (): void => {
    if (sent >= lengthBytes) {
      socket.end(() => done(lengthBytes))
      return
    }
    const length = Math.min(chunk.length, lengthBytes - sent)
    if (source !== undefined) readSync(source, chunk, 0, length, sent)
    sent += length
    socket.write(chunk.subarray(0, length), send)
  }
  send()
  server.close()
})
server.listen(Number(port), host, () => console.log('ready'))
