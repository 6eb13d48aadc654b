import { afterEach, describe, expect, it } from 'vitest'
import type { DatagramSocket } from '../src/ports/datagram.js'
import type { IpEndpoint } from '../src/ports/endpoint.js'
import { systemDatagram } from '../src/node/datagram.js'

const opened: DatagramSocket[] = []
afterEach(async () => {
  for (const socket of opened.splice(0)) await socket.close()
})

async function open(host = '127.0.0.1', port = 0): Promise<DatagramSocket> {
  const socket = await systemDatagram().open({ kind: 'ip', host, port })
  opened.push(socket)
  return socket
}

function next(socket: DatagramSocket): Promise<{ text: string; from: IpEndpoint }> {
  return new Promise((resolve) => {
    socket.onMessage((bytes, from) => resolve({ text: Buffer.from(bytes).toString(), from }))
  })
}

describe('UDP', () => {
  it.each(['127.0.0.1', '::1'])('carries a datagram at %s and names its sender', async (host) => {
    const [left, right] = [await open(host), await open(host)]
    const arriving = next(right)
    const bytes = Buffer.from('hello')
    left.send(bytes, right.at)
    bytes.fill(0)
    expect(await arriving).toEqual({ text: 'hello', from: left.at })
  })

  it('has one sink: the newest', async () => {
    const [left, right] = [await open(), await open()]
    const old: string[] = []
    right.onMessage(() => old.push('called'))
    const arriving = next(right)
    left.send(Buffer.from('x'), right.at)
    await arriving
    expect(old).toEqual([])
  })

  it('refuses a taken address by name', async () => {
    const { at } = await open()
    await expect(open(at.host, at.port)).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${at.port}`),
    })
  })

  it('shares a port between IPv4 and IPv6', async () => {
    const six = await open('::')
    expect((await open('0.0.0.0', six.at.port)).at.port).toBe(six.at.port)
  })

  it('tells onError of a datagram that cannot be sent, and goes on', async () => {
    const [left, right] = [await open(), await open()]
    const errors: Error[] = []
    const failed = new Promise<void>((resolve) =>
      left.onError((error) => {
        errors.push(error)
        if (errors.length === 2) resolve()
      }),
    )
    left.send(Buffer.from('x'), { kind: 'ip', host: '127.0.0.1', port: 70_000 })
    left.send(new Uint8Array(70_000), right.at)
    await failed
    expect(errors).toMatchObject([{ code: 'IO' }, { code: 'IO' }])
    const arriving = next(right)
    left.send(Buffer.from('still'), right.at)
    expect((await arriving).text).toBe('still')
  })

  it('is silent after close, which can be called twice and frees the address', async () => {
    const socket = await open()
    const errors: Error[] = []
    socket.onError((error) => errors.push(error))
    const closing = socket.close()
    socket.send(Buffer.from('x'), socket.at)
    await Promise.all([closing, socket.close()])
    socket.send(Buffer.from('x'), socket.at)
    expect(errors).toEqual([])
    expect((await open(socket.at.host, socket.at.port)).at).toEqual(socket.at)
  })
})
