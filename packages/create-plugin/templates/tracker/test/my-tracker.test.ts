import { trackerConformance } from '@bitloom/conformance'
import type { AnnounceIdentity, AnnounceRequest } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { peerList } from '../src/my-tracker.js'

// What every client promises; what takes a server shows as skipped.
trackerConformance(
  { describe, it },
  {
    client: () => peerList,
    urlOf: (peers) => `peers://${peers.map(({ host, port }) => `${host}:${port}`).join('/')}`,
  },
)

const request: AnnounceRequest = {
  url: '',
  event: 'started',
  port: 6881,
  numWant: 50,
  uploaded: 0,
  downloaded: 0,
  left: 1,
  params: {},
  headers: {},
}
const identity: AnnounceIdentity = {
  infoHash: new Uint8Array(20),
  peerId: new Uint8Array(20),
  key: 1,
  private: false,
}

/** The peers that the client answers, as "host port". */
async function peersOf(url: string, changes: Partial<AnnounceRequest> = {}): Promise<string[]> {
  const { peers } = await peerList.announce({ ...request, url, ...changes }, identity, new AbortController().signal)
  return peers.map((peer) => (peer.kind === 'ip' ? `${peer.host} ${peer.port}` : peer.url))
}

describe('my-tracker', () => {
  it('answers the peers of its URL', async () => {
    expect(await peersOf('peers://10.0.0.1:6881/[2001:db8::1]:51413')).toEqual(['10.0.0.1 6881', '2001:db8::1 51413'])
  })

  it('answers no more than are wanted', async () => {
    expect(await peersOf('peers://10.0.0.1:1/10.0.0.2:2/10.0.0.3:3', { numWant: 2 })).toHaveLength(2)
  })

  it.each(['peers://', 'peers://10.0.0.1', 'peers://example.org:80', 'peers://10.0.0.1:99999', 'peers://10.0.0.1:0'])(
    'refuses %s',
    async (url) => expect(peersOf(url)).rejects.toMatchObject({ code: 'TRACKER_INVALID' }),
  )
})
