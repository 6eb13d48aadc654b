import type { Connection } from '@bitloom/core'
import { expectSame, expectThat, show } from '../kit/expect.js'
import { unless } from '../kit/runner.js'
import { Ear, never, type TransportBench } from './bench.js'
import { ignore, payload, type TransportGuarantee } from './guarantee.js'

/** What a transport that listens promises of its listeners and dials. */
export function withListen(canListen: boolean): readonly TransportGuarantee[] {
  const skip = unless(canListen, 'does not listen')
  return [
    { name: 'a listener at port 0 has a free port, and is reached there', skip, run: listenAnywhere },
    {
      name: 'a taken address is refused as ADDRESS_IN_USE, by name',
      skip,
      async run(bench) {
        const { at } = await bench.listen()
        const second = bench.transport.listen?.(at, ignore) ?? Promise.reject(new Error('it cannot listen'))
        const error = await bench.rejected(second, 'listen at a taken address')
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        expectSame(code, 'ADDRESS_IN_USE', `the code of ${show(error)}`)
        const message = error instanceof Error ? error.message : ''
        expectThat(message.includes(String(at.port)), `the message does not name ${at.host}:${at.port}: ${message}`)
      },
    },
    {
      name: 'a closed listener leaves its address free at once, and its connections alone',
      skip,
      run: closeListener,
    },
    {
      name: 'a dial is rejected where nobody listens',
      skip,
      async run(bench) {
        const listening = await bench.listen()
        await bench.resolved(listening.close(), 'close of a listener')
        const error = await bench.rejected(bench.transport.dial(listening.at, never), 'dial where nobody listens')
        expectThat(error instanceof Error, () => `the dial rejected with ${show(error)}, which is no Error`)
      },
    },
    { name: 'an aborted dial is rejected, and an abort after it changes nothing', skip, run: abortDials },
  ]
}

async function listenAnywhere(bench: TransportBench): Promise<void> {
  const accepted: Connection[] = []
  const first = await bench.listen((connection) => accepted.push(connection))
  const second = await bench.listen()
  expectThat(
    first.at.port > 0 && second.at.port > 0,
    () => `listeners at port 0 got the ports ${first.at.port} and ${second.at.port}, expected free ones`,
  )
  expectThat(first.at.port !== second.at.port || first.at.host !== second.at.host, 'two listeners have one address')
  const near = await bench.dial(first.at)
  expectSame(near.remote, first.at, 'the remote of the end that dialled')
  await bench.until(() => accepted.length > 0, 'the accepted connection')
  await bench.calm()
  expectSame(accepted.length, 1, 'accepted connections after one dial')
}

async function closeListener(bench: TransportBench): Promise<void> {
  const accepted: Connection[] = []
  const listening = await bench.listen((connection) => accepted.push(connection))
  const near = await bench.dial(listening.at)
  await bench.until(() => accepted.length > 0, 'the accepted end')
  await bench.resolved(listening.close(), 'close of a listener')
  const again = await bench.listen(ignore, listening.at)
  expectSame(again.at, listening.at, 'the address of a second listener')
  const ear = new Ear(near)
  accepted[0]?.write(payload.slice(0, 500), ignore)
  await bench.until(() => ear.received >= 500, 'bytes of a connection whose listener was closed')
}

async function abortDials(bench: TransportBench): Promise<void> {
  const accepted: Connection[] = []
  const { at } = await bench.listen((connection) => accepted.push(connection))
  const reason = new Error('not wanted any longer')
  await bench.rejected(bench.transport.dial(at, AbortSignal.abort(reason)), 'dial with an aborted signal')
  const during = new AbortController()
  const dialling = bench.transport.dial(at, during.signal)
  during.abort(reason)
  await bench.rejected(dialling, 'dial whose signal aborts at once')
  await bench.calm()
  accepted.length = 0
  const after = new AbortController()
  const near = await bench.dial(at, after.signal)
  await bench.until(() => accepted.length > 0, 'the accepted end')
  after.abort(reason)
  const ear = new Ear(near)
  accepted[0]?.write(payload.slice(0, 500), ignore)
  await bench.until(() => ear.received >= 500, 'bytes after the signal of a dial that had succeeded was aborted')
  expectSame(ear.closes, 0, 'closes after the signal of a dial that had succeeded was aborted')
}
