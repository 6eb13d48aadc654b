import type { RequestListener, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { certificate, privateKey } from './certificate.js'
import { withServer } from './fakes.js'
import { answering, ask, make, onePeer, plain } from './setting.js'

const forever = new AbortController().signal

describe('announce', () => {
  it('asks and reads the answer', async () => {
    await withServer(answering(plain), async ({ url, seen }) => {
      expect(await ask(make(), `${url}/announce?pk=1`)).toEqual({ peers: onePeer, intervalMs: 900_000 })
      const [{ url: path = '', headers } = { headers: {} }] = seen
      expect(path).toMatch(/^\/announce\?pk=1&info_hash=%00%0D%1A%274AN%5Bhu%82%8F%9C%A9%B6%C3%D0%DD%EA%F7&peer_id=/)
      expect(headers).toMatchObject({ 'accept-encoding': 'gzip, deflate, br' })
      expect(headers['user-agent']).toMatch(/^Bitloom\/\d+\.\d+\.\d+/)
    })
  })

  it('sends custom headers and parameters', async () => {
    await withServer(answering(plain), async ({ url, seen }) => {
      await ask(make(), `${url}/announce`, { headers: { 'User-Agent': 'mine', 'X-More': '1' }, params: { more: 'ü' } })
      expect(seen[0]?.headers).toMatchObject({ 'user-agent': 'mine', 'x-more': '1' })
      expect(seen[0]?.url).toContain('&more=%C3%BC')
    })
  })

  it('sends the user info of the URL as basic authorization', async () => {
    await withServer(answering(plain), async ({ port, seen }) => {
      await ask(make(), `http://me:p%40ss@127.0.0.1:${port}/announce`)
      expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
    })
  })

  it('reads a compressed answer', async () => {
    await withServer(
      answering(gzipSync(Buffer.from(plain, 'latin1')), 200, { 'content-encoding': 'gzip' }),
      async (s) => expect((await ask(make(), `${s.url}/announce`)).peers).toEqual(onePeer),
    )
  })

  it('takes a refusal whatever the status is', async () => {
    for (const status of [200, 400, 503]) {
      await withServer(answering('d14:failure reason4:nopee', status), async ({ url }) => {
        await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({ code: 'TRACKER_FAILURE' })
      })
    }
  })

  it.each([404, 500, 503])('status %s is an error, with the wish of the server', async (status) => {
    await withServer(answering(plain, status, { 'retry-after': '120' }), async ({ url }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({
        code: 'TRACKER_INVALID',
        message: `the tracker ${url}/announce answered with the HTTP status ${status}`,
        retryInMs: 120_000,
      })
    })
  })

  it.each(['udp://t:1/announce', 'ftp://t/announce', 'file:///etc/passwd', 'wss://t/', 'nonsense'])(
    'does not speak %s',
    async (url) => {
      await expect(ask(make(), url)).rejects.toMatchObject({ code: 'TRACKER_UNSUPPORTED' })
    },
  )
})

describe('both address families (BEP 7)', () => {
  const names = { 'tracker.local': ['::1', '127.0.0.1'] }
  const byFamily: RequestListener = (incoming, response) =>
    response.end(
      incoming.socket.remoteAddress === '::1'
        ? `d6:peers618:${'\u0001'.repeat(16)}\u0000\u0007e`
        : 'd5:peers6:\u0001\u0001\u0001\u0001\u0000\u0007e',
    )

  it('announces over both and joins the peers', async () => {
    await withServer(
      byFamily,
      async ({ port, seen }) => {
        const answer = await ask(make({}, names), `http://tracker.local:${port}/announce`)
        expect(answer.peers.map((peer) => (peer.kind === 'ip' ? peer.host : '')).sort()).toEqual([
          '1.1.1.1',
          '101:101:101:101:101:101:101:101',
        ])
        expect(seen.length).toBe(2)
      },
      undefined,
      '::',
    )
  })

  it('one family is enough', async () => {
    await withServer(byFamily, async ({ port }) => {
      expect((await ask(make({}, names), `http://tracker.local:${port}/announce`)).peers.length).toBe(1)
    })
  })
})

describe('proxy', () => {
  it('http goes through http_proxy with the whole URL, unresolved', async () => {
    await withServer(answering(plain), async ({ url, seen }) => {
      const tracker = make({}, {}, { http_proxy: url })
      expect((await ask(tracker, 'http://tracker.example.com/announce')).peers).toEqual(onePeer)
      expect(seen[0]?.url).toMatch(/^http:\/\/tracker\.example\.com\/announce\?info_hash=%00%0D/)
      expect(seen[0]?.headers.host).toBe('tracker.example.com')
    })
  })

  it('https goes through a tunnel of https_proxy', async () => {
    const seen: string[] = []
    const tunnel = createTcpServer((socket) => {
      socket.once('data', (head: Buffer) => {
        seen.push(head.toString().split('\r\n')[0] ?? '')
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve))
    const { port } = tunnel.address() as AddressInfo
    const tracker = make({}, {}, { HTTPS_PROXY: `http://127.0.0.1:${port}` })
    await expect(ask(tracker, 'https://tracker.example.com/announce')).rejects.toMatchObject({
      code: 'TRACKER_UNREACHABLE',
    })
    expect(seen).toEqual(['CONNECT tracker.example.com:443 HTTP/1.1'])
    await new Promise((resolve) => tunnel.close(resolve))
  })

  it('the own machine and no_proxy go direct', async () => {
    await withServer(answering(plain), async ({ url, port, seen }) => {
      const environment = { http_proxy: 'http://127.0.0.1:1', no_proxy: '.lan' }
      const tracker = make({}, { 'tracker.lan': ['127.0.0.1'] }, environment)
      await ask(tracker, `${url}/announce`)
      await ask(tracker, `http://tracker.lan:${port}/announce`)
      expect(seen.map((incoming) => incoming.headers.host)).toEqual([`127.0.0.1:${port}`, `tracker.lan:${port}`])
    })
  })
})

describe('TLS', () => {
  const secure = (listener: RequestListener): Server =>
    createTlsServer({ cert: certificate, key: privateKey }, listener) as unknown as Server

  it('refuses a certificate that nobody vouches for', async () => {
    await withServer(
      answering(plain),
      async ({ port, seen }) => {
        await expect(ask(make(), `https://127.0.0.1:${port}/announce`)).rejects.toMatchObject({
          code: 'TRACKER_UNREACHABLE',
          message: expect.stringMatching(/certificate/),
        })
        expect(seen.length).toBe(0)
      },
      secure,
    )
  })

  it('speaks https to one that is trusted, under its own name only', async () => {
    await withServer(
      answering(plain),
      async ({ port }) => {
        const tracker = make({ ca: certificate }, { localhost: ['127.0.0.1'], 'other.local': ['127.0.0.1'] })
        expect((await ask(tracker, `https://localhost:${port}/announce`)).peers).toEqual(onePeer)
        await expect(ask(tracker, `https://other.local:${port}/announce`)).rejects.toMatchObject({
          code: 'TRACKER_UNREACHABLE',
        })
      },
      secure,
    )
  })
})

describe('scrape', () => {
  it('asks for several and answers the known', async () => {
    const body = `d5:filesd20:${'A'.repeat(20)}d8:completei1e10:downloadedi2e10:incompletei3eeee`
    await withServer(answering(body), async ({ url, seen }) => {
      const hashes = [new Uint8Array(20).fill(0x41), new Uint8Array(20)]
      expect(await make().scrape(`${url}/announce.php?pk=1`, hashes, forever)).toEqual([
        { infoHash: hashes[0], seeders: 1, leechers: 3, completed: 2 },
      ])
      expect(seen[0]?.url).toBe(`/scrape.php?pk=1&info_hash=${'A'.repeat(20)}&info_hash=${'%00'.repeat(20)}`)
    })
  })

  it('says when the tracker offers none', async () => {
    await expect(make().scrape('http://tracker.local/a', [], forever)).rejects.toMatchObject({
      code: 'TRACKER_UNSUPPORTED',
      message: 'the tracker http://tracker.local/a offers no scrape',
    })
  })

  it('takes at most 74', async () => {
    const many = Array.from({ length: 75 }, () => new Uint8Array(20))
    await expect(make().scrape('http://tracker.local/announce', many, forever)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
