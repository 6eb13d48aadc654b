import { bencode } from './targets/bencode.js'
import { metadataMessage, pex } from './targets/extensions.js'
import { ledger } from './targets/ledger.js'
import { magnet, metainfo } from './targets/metainfo.js'
import { paths } from './targets/paths.js'
import { picker } from './targets/pickers.js'
import { config, listLine, resumeRecord } from './targets/records.js'
import { compactPeers, httpAnswer, trackerRequest, udpAnswer } from './targets/trackers.js'
import { extendedHandshake, handshake, wire } from './targets/wire.js'
import type { Target } from './target.js'

/** Everything that reads what others wrote, and what keeps the books of a download. */
export const targets: readonly Target[] = [
  bencode,
  metainfo,
  magnet,
  paths,
  wire,
  handshake,
  extendedHandshake,
  pex,
  metadataMessage,
  httpAnswer,
  udpAnswer,
  compactPeers,
  trackerRequest,
  resumeRecord,
  config,
  listLine,
  ledger,
  picker,
]
