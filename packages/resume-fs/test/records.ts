import { type ResumeRecord, seededRandom } from '@bitloom/core'

/** A record with something in every field, and the key of its torrent. */
export function makeRecord(seed = 'record'): { key: string; record: ResumeRecord } {
  const random = seededRandom(seed)
  const v1 = random.bytes(20)
  const record: ResumeRecord = {
    infoHashes: { v1, v2: random.bytes(32) },
    name: 'Ünïcode 🎬',
    info: random.bytes(200),
    trackers: [['http://a.example/announce', 'udp://b.example:80'], ['udp://c.example:80']],
    webSeeds: ['http://d.example/'],
    directory: '/downloads',
    moveTo: '/home/user',
    paths: ['album/Ünïcode', 'b'],
    relocating: { directory: '/elsewhere', paths: ['album/c', 'd'] },
    incompleteSuffix: '.part',
    storage: 'fs',
    state: 'active',
    have: random.bytes(50),
    partial: [{ piece: 7, blocks: Uint8Array.of(0xf0) }],
    files: [{ lengthBytes: 1_000, modifiedUs: 1_700_000_000_000_001 }, undefined],
    priorities: random.bytes(30),
    wantedFiles: Uint8Array.of(0x80),
    picker: 'rarest-first',
    choker: 'tit-for-tat',
    limits: { maxPeers: 10, upBytesPerSecond: 1024.5 },
    uploadedBytes: 1,
    downloadedBytes: 2,
  }
  return { key: Buffer.from(v1).toString('hex'), record }
}
