import type { RequestListener, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Socket, createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type AnnounceRequest, TrackerError } from '@bitloom/core'
import { type HttpTracker, httpTracker } from '../src/http-tracker.js'
import type { TrackerHttpOptions } from '../src/options.js'
import type { Environment } from '../src/proxy.js'
import { certificate, privateKey } from './certificate.js'
import { clock, identity, request, resolverOf, withServer } from './fakes.js'

const open: HttpTracker[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((tracker) => tracker.close()))
})

function make(
  options: TrackerHttpOptions = {},
  names: Readonly<Record<string, readonly string[]>> = {},
  environment: Environment = {},
): HttpTracker {
  const tracker = httpTracker({ resolver: resolverOf(names), clock, environment }, options)
  open.push(tracker)
  return tracker
}

const forever = new AbortController().signal
const ask = (tracker: HttpTracker, url: string, changes: Partial<AnnounceRequest> = {}, signal = forever) =>
  tracker.announce({ ...request, ...changes, url }, identity, signal)

const answering =
  (body: string | Uint8Array, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body)
const plain = 'd8:intervali900e5:peers6:\u0001\u0002\u0003\u0004\u0000\u0005e'
const onePeer = [{ kind: 'ip', host: '1.2.3.4', port: 5 }]

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

describe('redirects', () => {
  const to =
    (location: string, status = 302): RequestListener =>
    (incoming, response) =>
      incoming.url?.startsWith('/end') === true
        ? response.end(plain)
        : response.writeHead(status, { location }).end('moved')

  it.each([301, 302, 303, 307, 308])('follows %s', async (status) => {
    await withServer(to('/end?x=1', status), async ({ url, seen }) => {
      expect((await ask(make(), `${url}/announce`)).peers).toEqual(onePeer)
      expect(seen.map((incoming) => incoming.url?.split('?')[0])).toEqual(['/announce', '/end'])
    })
  })

  it('follows five and not six', async () => {
    const countdown: RequestListener = (incoming, response) => {
      const left = Number(/left(\d)/.exec(incoming.url ?? '')?.[1] ?? 0)
      if (left === 0) response.end(plain)
      else response.writeHead(302, { location: `/left${left - 1}` }).end()
    }
    await withServer(countdown, async ({ url, seen }) => {
      expect((await ask(make(), `${url}/left5`)).peers).toEqual(onePeer)
      await expect(ask(make(), `${url}/left6`)).rejects.toMatchObject({
        code: 'TRACKER_FORBIDDEN',
        message: `the tracker ${url}/left6 redirects more than 5 times`,
      })
      expect(seen.length).toBe(12)
    })
  })

  it.each([
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
    'udp://127.0.0.1:1/',
    'javascript:1',
    'http://[',
    'http://0.0.0.0/',
  ])('does not follow to %s', async (location) => {
    await withServer(to(location), async ({ url }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({ code: 'TRACKER_FORBIDDEN' })
    })
  })

  it('keeps headers and user info to the first origin', async () => {
    await withServer(to('/end'), async (second) => {
      await withServer(to(`${second.url}/end`), async (first) => {
        await ask(make(), `http://me:secret@127.0.0.1:${first.port}/announce`, { headers: { 'X-Secret': '1' } })
        expect(first.seen[0]?.headers).toMatchObject({ 'x-secret': '1', authorization: expect.any(String) })
        expect(second.seen[0]?.headers).not.toHaveProperty('x-secret')
        expect(second.seen[0]?.headers).not.toHaveProperty('authorization')
      })
    })
  })
})

describe('what a public tracker may not lead to', () => {
  it.each([['127.0.0.1'], ['::1'], ['10.0.0.1'], ['169.254.169.254'], ['::ffff:127.0.0.1'], ['0.0.0.0']])(
    'a public name at %s is not connected to',
    async (address) => {
      await withServer(answering(plain), async ({ port, seen }) => {
        const tracker = make({}, { 'tracker.example.com': [address] })
        await expect(ask(tracker, `http://tracker.example.com:${port}/announce`)).rejects.toMatchObject({
          code: 'TRACKER_FORBIDDEN',
        })
        expect(seen.length).toBe(0)
      })
    },
  )

  it('the address that is checked is the one connected to (DNS rebinding)', async () => {
    await withServer(answering(plain), async ({ port, seen }) => {
      const answers = [['203.0.113.1'], ['127.0.0.1']]
      const resolver = { resolve: async () => answers.shift() ?? ['127.0.0.1'] }
      const tracker = httpTracker({ resolver, clock, environment: {} }, {})
      open.push(tracker)
      await expect(ask(tracker, `http://tracker.example.com:${port}/announce`)).rejects.toMatchObject({
        code: 'TRACKER_FORBIDDEN',
      })
      expect([seen.length, answers.length]).toEqual([0, 0])
    })
  })

  it.each(['127.0.0.1', 'localhost', 'nas.lan', '[::1]', '2130706433', '0x7f.1'])(
    'a public tracker may not redirect to %s',
    async (host) => {
      await withServer(answering('never', 302, { location: `http://${host}/` }), async (server) => {
        // A proxy plays the public tracker: no packet leaves this machine.
        const tracker = make({ proxy: server.url })
        await expect(ask(tracker, 'http://tracker.example.com/announce')).rejects.toMatchObject({
          code: 'TRACKER_FORBIDDEN',
          message: 'the tracker http://tracker.example.com/announce redirects to a host that is not public',
        })
      })
    },
  )

  it.each(['localhost', 'nas', 'tracker.local', 'tracker.lan', 'tracker.internal', 'tracker.home.arpa', '127.0.0.1'])(
    '%s is local by its name',
    async (host) => {
      await withServer(answering(plain), async ({ port }) => {
        const tracker = make({}, { [host]: ['127.0.0.1'] })
        expect((await ask(tracker, `http://${host}:${port}/announce`)).peers).toEqual(onePeer)
      })
    },
  )
})

describe('limits of an answer', () => {
  it('1 MiB after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    await withServer(answering(bomb, 200, { 'content-encoding': 'gzip' }), async ({ url }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({
        code: 'TRACKER_INVALID',
        message: `the answer of the tracker ${url}/announce is longer than 1048576 bytes`,
      })
    })
  })

  it('an endless answer', async () => {
    const endless: RequestListener = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    }
    await withServer(endless, async ({ url }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({ code: 'TRACKER_INVALID' })
    })
  })
})

describe('time', () => {
  const silent: RequestListener = () => {}
  const halfway: RequestListener = (_, response) => void response.write('d8:interval')

  it.each([
    ['says nothing', silent],
    ['stops in the middle', halfway],
  ])('a tracker that %s is given up', async (_, listener) => {
    await withServer(listener, async ({ url }) => {
      await expect(ask(make({ timeoutMs: 100 }), `${url}/announce`)).rejects.toMatchObject({
        code: 'TRACKER_UNREACHABLE',
        message: `the tracker ${url}/announce did not answer within 0.1 s`,
      })
    })
  })

  it('a connection that does not come about is given up sooner', async () => {
    const sockets: Socket[] = []
    const mute = createTcpServer((socket) => void sockets.push(socket.on('error', () => {})))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    await expect(ask(make({ connectTimeoutMs: 100 }), `https://127.0.0.1:${port}/announce`)).rejects.toMatchObject({
      message: `the tracker https://127.0.0.1:${port}/announce cannot be reached: connecting took too long`,
    })
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => mute.close(resolve))
  })

  it('an aborted signal rejects at once, before and during, and ends the connection', async () => {
    const controller = new AbortController()
    let closed: Promise<unknown> | undefined
    const abortWhenAsked: RequestListener = ({ socket }) => {
      closed = new Promise((resolve) => socket.once('close', resolve))
      controller.abort()
    }
    await withServer(abortWhenAsked, async ({ url, seen }) => {
      await expect(ask(make(), `${url}/announce`, {}, AbortSignal.abort())).rejects.toBeInstanceOf(TrackerError)
      expect(seen.length).toBe(0)
      await expect(ask(make(), `${url}/announce`, {}, controller.signal)).rejects.toMatchObject({
        code: 'TRACKER_UNREACHABLE',
        message: `the tracker ${url}/announce was not waited for any longer`,
      })
      expect(closed).toBeDefined()
      await closed
    })
  })

  it('close ends what is under way', async () => {
    const tracker = make()
    await withServer(
      () => void tracker.close(),
      async ({ url }) => {
        await expect(ask(tracker, `${url}/announce`)).rejects.toBeInstanceOf(TrackerError)
      },
    )
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

describe('passkeys', () => {
  const secrets = ['0123456789abcdef0123', 'querysecret', 'usersecret', 'wordsecret']
  const path = `/${secrets[0]}/announce?passkey=${secrets[1]}`
  const everything = (error: unknown): string => inspect(error, { depth: 12, showHidden: true })

  const listeners: readonly (readonly [string, RequestListener])[] = [
    ['a refusal that repeats it', answering(`d14:failure reason${secrets.join(' ').length}:${secrets.join(' ')}e`)],
    ['a status', answering('', 404)],
    ['no bencode', answering(secrets.join(' '))],
    ['a redirect away', answering('', 302, { location: `ftp://x${path}` })],
    ['a redirect to no URL', answering('', 302, { location: `http://[${path}` })],
    ['a redirect in circles', answering('', 302, { location: path })],
    ['a broken connection', (incoming) => void incoming.socket.destroy()],
    ['no HTTP', (incoming) => void incoming.socket.end(secrets.join(' '))],
    ['silence', () => {}],
  ]
  it.each(listeners)('%s shows none', async (_, listener) => {
    await withServer(listener, async ({ port }) => {
      const tracker = make({ timeoutMs: 200 })
      const url = `http://usersecret:wordsecret@127.0.0.1:${port}${path}`
      const error: unknown = await ask(tracker, url).catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(TrackerError)
      for (const secret of secrets) expect(everything(error)).not.toContain(secret)
    })
  })

  it.each(['http://127.0.0.1:1', 'http://unknown.local', 'http://0.0.0.0', 'ftp://x', 'https://127.0.0.1:1'])(
    'nor does %s',
    async (origin) => {
      const error: unknown = await ask(make(), `${origin}${path}`).catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(TrackerError)
      for (const secret of secrets) expect(everything(error)).not.toContain(secret)
    },
  )

  it('nor does a warning', async () => {
    await withServer(answering(`d15:warning message${secrets[1]?.length}:${secrets[1]}e`), async ({ url }) => {
      expect((await ask(make(), `${url}${path}`)).warning).toBe('***')
    })
  })
})
