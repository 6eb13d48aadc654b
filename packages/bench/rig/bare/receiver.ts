// The least that a download costs in Node: connects, and takes bytes into one shared buffer until the sender ends.
// node receiver.js HOST PORT
import { connect } from 'node:net'
import { startCost } from './cost.js'

const [host = '', port = ''] = process.argv.slice(2)
const done = startCost()
let lengthBytes = 0
const take = (length: number): boolean => {
  lengthBytes += length
  return true
}
connect({ host, port: Number(port), onread: { buffer: Buffer.alloc(65_536), callback: take } }).on('close', () =>
  done(lengthBytes),
)
