/** Node's side of core: ports on `node:*`, and torrent files on disk. */
export { systemClock } from './clock.js'
export { systemDatagram } from './datagram.js'
export { systemFiles, type FileFacts, type FileSystem, type OpenFile } from './file-system.js'
export { systemHasher, type HasherOptions, type SystemHasher } from './hasher.js'
export { nodePorts, type NodePortsOptions } from './node-ports.js'
export { systemRandom } from './random.js'
export { systemResolver } from './resolver.js'
export { tcpTransport, type TcpOptions } from './tcp.js'
export {
  createTorrent,
  digest,
  editTorrent,
  parseInfo,
  parseTorrent,
  type CreatedTorrent,
  type CreateTorrentOptions,
} from './torrent-files.js'
