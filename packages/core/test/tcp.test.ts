import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Connection, Listening } from '../src/ports/transport.js'
import type { IpEndpoint } from '../src/ports/endpoint.js'
import { type TcpOptions, tcpTransport } from '../src/node/tcp.js'

const never = new AbortController().signal
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

/** Two ends of one connection over loopback. */
async function pair(host = '127.0.0.1', options: TcpOptions = {}) {
  const transport = tcpTransport(options)
  const accepted = withResolvers<Connection>()
  const listening = await transport.listen?.({ kind: 'ip', host, port: 0 }, accepted.resolve)
  if (listening === undefined) throw new Error('TCP listens')
  const dialled = await transport.dial(listening.at, never)
  const there = await accepted.promise
  opened.push(listening, dialled, there)
  return { transport, listening, dialled, accepted: there }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Resolves with all bytes once there are so many. */
function collect(connection: Connection, lengthBytes: number): Promise<Buffer> {
  const { promise, resolve } = withResolvers<Buffer>()
  const parts: Buffer[] = []
  let length = 0
  connection.onBytes((bytes, count) => {
    parts.push(Buffer.from(bytes.slice(0, count)))
    length += count
    if (length >= lengthBytes) resolve(Buffer.concat(parts))
  })
  return promise
}

function closed(connection: Connection): Promise<Error | undefined> {
  const { promise, resolve } = withResolvers<Error | undefined>()
  connection.onClose(resolve)
  return promise
}

const payload = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff))
const ignore = (): void => {}

describe.each([
  ['handles moved', { takeHandles: true }],
  ['data events', { takeHandles: false }],
])('TCP with %s', (_name, options) => {
  it.each(['127.0.0.1', '::1'])('carries bytes both ways at %s', async (host) => {
    const { dialled, accepted } = await pair(host, options)
    const [there, back] = [collect(accepted, payload.length), collect(dialled, payload.length)]
    dialled.write(payload, ignore)
    accepted.write(payload, ignore)
    expect((await there).equals(payload)).toBe(true)
    expect((await back).equals(payload)).toBe(true)
    expect(accepted.remote).toMatchObject({ kind: 'ip', host })
    expect(dialled.transport).toBe('tcp')
  })

  it('reads nothing before there is a sink, and loses nothing', async () => {
    const { dialled, accepted } = await pair('127.0.0.1', options)
    const written = withResolvers<void>()
    dialled.write(payload.subarray(0, 10), written.resolve)
    await written.promise
    accepted.pause()
    accepted.resume()
    const bytes = collect(accepted, 10)
    expect((await bytes).equals(payload.subarray(0, 10))).toBe(true)
  })

  it('stops reading while paused: the sender is told, waits, and is told when it may go on', async () => {
    const { dialled, accepted } = await pair('127.0.0.1', options)
    // More than the system takes on both sides.
    const writes = 12
    let received = 0
    let isSlow = true
    const all = withResolvers<void>()
    accepted.onBytes((_bytes, length) => {
      received += length
      if (isSlow) accepted.pause()
      if (received === writes * payload.length) all.resolve()
    })
    let drains = 0
    dialled.onDrain(() => drains++)
    const answers = Array.from({ length: writes }, () => dialled.write(payload, ignore))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(answers.at(-1)).toBe(false)
    expect(received).toBeLessThanOrEqual(65_536)
    expect(drains).toBe(0)
    isSlow = false
    accepted.resume()
    await all.promise
    expect(drains).toBe(1)
  })

  it('tells the other end of a close, once, and says nothing at this end', async () => {
    const { dialled, accepted } = await pair('127.0.0.1', options)
    let own = 0
    accepted.onClose(() => own++)
    accepted.onBytes(() => own++)
    dialled.onBytes(ignore)
    const over = closed(dialled)
    dialled.write(payload.subarray(0, 100), ignore)
    accepted.close()
    accepted.close()
    await over
    expect(own).toBe(0)
  })

  it('answers every write once, also those that a close drops', async () => {
    const { dialled, accepted } = await pair('127.0.0.1', options)
    accepted.pause()
    const answers = Array.from({ length: 30 }, () => 0)
    const all = withResolvers<void>()
    for (const index of answers.keys()) {
      dialled.write(payload, () => {
        answers[index] = (answers[index] ?? 0) + 1
        if (answers.every((count) => count > 0)) all.resolve()
      })
    }
    dialled.close()
    await all.promise
    const late = withResolvers<void>()
    expect(dialled.write(payload, late.resolve)).toBe(false)
    await late.promise
    expect(answers.every((count) => count === 1)).toBe(true)
  })

  it('frees its address at once on close, while accepted connections go on', async () => {
    const { transport, listening, dialled, accepted } = await pair('127.0.0.1', options)
    await listening.close()
    const again = await transport.listen?.(listening.at, ignore)
    await again?.close()
    const bytes = collect(accepted, 5)
    dialled.write(payload.subarray(0, 5), ignore)
    expect((await bytes).length).toBe(5)
  })
})

describe('TCP', () => {
  it('hands a reset to onClose as an error that names the peer, also when the sink comes late', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.push(server)
    const { port } = server.address() as { port: number }
    const connection = await tcpTransport().dial({ kind: 'ip', host: '127.0.0.1', port }, never)
    connection.onBytes(ignore)
    await new Promise<void>((resolve) => connection.write(new Uint8Array(1), resolve))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    const error = await closed(connection)
    expect(error).toMatchObject({ code: 'IO', message: expect.stringContaining(`127.0.0.1:${port}`) })
  })

  it('refuses a taken address by name', async () => {
    const { transport, listening } = await pair()
    const second: Promise<Listening> | undefined = transport.listen?.(listening.at, ignore)
    await expect(second).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${listening.at.port}`),
    })
  })

  it('shares a port between IPv4 and IPv6', async () => {
    const transport = tcpTransport()
    const six = await transport.listen?.({ kind: 'ip', host: '::', port: 0 }, ignore)
    const four = await transport.listen?.({ kind: 'ip', host: '0.0.0.0', port: six?.at.port ?? 0 }, ignore)
    expect(four?.at.port).toBe(six?.at.port)
    await six?.close()
    await four?.close()
  })

  it.each([
    ['nobody listens', { code: 'IO', message: expect.stringContaining('127.0.0.1:') }],
    ['a wrong port', { code: 'IO' }],
    ['a URL', { code: 'INVALID_ARGUMENT' }],
  ])('rejects a dial: %s', async (name, expected) => {
    const { transport, listening } = await pair()
    await listening.close()
    const wrongPort: IpEndpoint = { kind: 'ip', host: '127.0.0.1', port: 70_000 }
    const to = name === 'a URL' ? ({ kind: 'url', url: 'http://x/' } as const) : listening.at
    await expect(transport.dial(name === 'a wrong port' ? wrongPort : to, never)).rejects.toMatchObject(expected)
  })

  it('rejects a dial with the reason of its signal, which does not touch the connection later', async () => {
    const { transport, listening } = await pair()
    const reason = new Error('enough')
    await expect(transport.dial(listening.at, AbortSignal.abort(reason))).rejects.toBe(reason)
    const during = new AbortController()
    const dialling = transport.dial(listening.at, during.signal)
    during.abort(reason)
    await expect(dialling).rejects.toBe(reason)

    const after = new AbortController()
    const accepting = withResolvers<Connection>()
    const other = await transport.listen?.({ kind: 'ip', host: '127.0.0.1', port: 0 }, accepting.resolve)
    const connection = await transport.dial(other?.at ?? listening.at, after.signal)
    const accepted = await accepting.promise
    opened.push(connection, accepted, other ?? listening)
    after.abort(reason)
    const bytes = collect(accepted, 3)
    connection.write(payload.subarray(0, 3), ignore)
    expect((await bytes).length).toBe(3)
  })
})
