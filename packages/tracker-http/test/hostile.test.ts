import type { RequestListener } from 'node:http'
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { TrackerError } from '@bitloom/core'
import { httpTracker } from '../src/http-tracker.js'
import { clock, withServer } from './fakes.js'
import { answering, ask, make, manage, onePeer, plain } from './setting.js'

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

  it('of twenty follows five', async () => {
    let left = 20
    const onward: RequestListener = (_, response) => response.writeHead(302, { location: `/${left--}` }).end()
    await withServer(onward, async ({ url, seen }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({ code: 'TRACKER_FORBIDDEN' })
      expect(seen.length).toBe(6)
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
      manage(tracker)
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

  it('of a million peers not one is taken, of those that fit in 1 MiB 2,000 are', async () => {
    const answer = (count: number): Buffer =>
      Buffer.concat([Buffer.from(`d5:peers${6 * count}:`), Buffer.alloc(6 * count, 9), Buffer.from('e')])
    await withServer(answering(answer(1_000_000)), async ({ url }) => {
      await expect(ask(make(), `${url}/announce`)).rejects.toMatchObject({ code: 'TRACKER_INVALID' })
    })
    await withServer(answering(answer(170_000)), async ({ url }) => {
      expect((await ask(make(), `${url}/announce`)).peers).toHaveLength(2_000)
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

  const dripping: RequestListener = (_, response) => {
    const more = setInterval(() => void response.write('l'), 5)
    response.once('close', () => clearInterval(more))
  }

  it.each([
    ['says nothing', silent],
    ['stops in the middle', halfway],
    ['goes on for ever, a byte at a time', dripping],
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
