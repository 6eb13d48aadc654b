import type { PeerView } from '@bitloom/core'
import { NumberSet } from './bits.js'

/** A peer as strategies and extensions see it: connected, interested, not choking, has nothing. Live where `facts` is. */
export function peerView(key: number, facts: Partial<PeerView> = {}): PeerView {
  const plain: PeerView = {
    key,
    endpoint: { kind: 'ip', host: `192.0.2.${key % 256}`, port: 6_881 + (key % 50_000) },
    outgoing: key % 2 === 0,
    peerId: Uint8Array.from(`-BL0100-${String(key).padStart(12, '0')}`, (letter) => letter.charCodeAt(0)),
    client: 'Conformance 1.0',
    supportsFast: true,
    supportsExtensions: true,
    haves: new NumberSet(0),
    isSeed: false,
    uploadOnly: false,
    isInterested: true,
    isChoking: false,
    amInterested: true,
    amChoking: true,
    snubbed: false,
    downRate: 0,
    upRate: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    connectedAtMs: 0,
  }
  return withFacts(plain, facts)
}

/** Getters of `facts` stay getters. */
function withFacts<T extends object>(plain: T, facts: Partial<T>): T {
  return Object.defineProperties(plain, Object.getOwnPropertyDescriptors(facts)) as T
}
