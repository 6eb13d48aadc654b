import { expectSame, expectThat, show } from '../kit/expect.js'
import { seededRandom } from '../kit/random.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { turns } from '../kit/settle.js'
import { ExtensionBench, type ExtensionBenchOptions, torrents } from './bench.js'
import { checkDeclaration, checkHello } from './declaration.js'
import { garbage, handshakes } from './garbage.js'

export interface ExtensionConformanceOptions extends ExtensionBenchOptions {
  /** Sound messages of a peer, without their id. They are also what garbage is made from. Default none. */
  readonly messages?: readonly Uint8Array[]
}

/** Defines the tests of a `PeerExtension`. */
export function extensionConformance(runner: TestRunner, options: ExtensionConformanceOptions): void {
  const { name } = new ExtensionBench(options).extension
  defineSuite(
    runner,
    `PeerExtension ${name}`,
    guarantees(options).map(({ run, ...guarantee }) => ({
      ...guarantee,
      run: async () => {
        const bench = new ExtensionBench(options)
        await run(bench)
        await turns(5)
        const [fault] = bench.faults
        expectThat(fault === undefined, fault ?? '')
      },
    })),
  )
}

interface ExtensionGuarantee extends Omit<Guarantee, 'run'> {
  run(bench: ExtensionBench): Promise<void> | void
}

/** Extensions that pass on where peers are: BEP 27 has them off for private torrents. */
const peerSharing = ['ut_pex', 'lt_tex', 'ut_holepunch']

function guarantees({ messages = [] }: ExtensionConformanceOptions): readonly ExtensionGuarantee[] {
  const withoutMessages = unless(messages.length > 0, 'no messages are given')
  return [
    { name: 'declares a name, message ids and reserved bits that the protocol has room for', run: checkDeclaration },
    {
      name: 'says whether it works on private torrents, and never does where it passes peers on',
      run({ extension: { name, onPrivate } }) {
        expectThat(typeof onPrivate === 'boolean', () => `onPrivate is ${show(onPrivate)}`)
        expectThat(
          !onPrivate || !peerSharing.includes(name),
          `${name} passes peers on, so onPrivate must be false (BEP 27)`,
        )
      },
    },
    { name: 'hello adds keys of its own, with values that can be encoded', run: checkHello },
    {
      name: 'opens for a torrent with content and for one without, and closes',
      async run(bench) {
        for (const torrent of torrents) {
          const line = bench.line(1, torrent)
          line.close()
          await turns(5)
        }
      },
    },
    {
      name: 'an extension handshake full of garbage does not make it throw',
      run(bench) {
        for (const theirs of handshakes()) for (const torrent of torrents) bench.line(1, torrent, theirs).close()
      },
    },
    {
      name: 'a garbage message does not make it throw, or send a flood',
      run(bench) {
        const random = seededRandom('garbage')
        for (const torrent of torrents) {
          const line = bench.line(1, torrent)
          for (const payload of [...garbage(random, messages), ...messages]) line.message(payload)
          line.close()
        }
      },
    },
    {
      name: 'base messages that it claims do not make it throw',
      run(bench) {
        const random = seededRandom('wire')
        const line = bench.line()
        for (const [id, length] of Object.entries(bench.extension.wireIds ?? {})) {
          for (let time = 0; time < 50; time++) line.wire(Number(id), random.bytes(length))
          line.wire(Number(id), new Uint8Array(length).fill(0xff))
        }
        line.close()
      },
    },
    {
      name: 'sends nothing after close',
      async run(bench) {
        const lines = Array.from({ length: 5 }, (_, key) => bench.line(key + 1))
        const random = seededRandom('close')
        for (const [index, line] of lines.entries()) {
          for (const payload of index % 2 === 0 ? messages : garbage(random, messages).slice(-20)) line.message(payload)
          line.close()
        }
        await turns(20)
      },
    },
    {
      name: 'goes on when the link takes nothing',
      async run(bench) {
        const line = bench.line()
        line.accepts = false
        for (const payload of messages) line.message(payload)
        await turns(5)
        line.accepts = true
        for (const payload of messages) line.message(payload)
        line.close()
      },
    },
    {
      name: 'keeps no view of a message: it is dead after the call',
      skip: withoutMessages,
      async run(bench) {
        expectSame(
          await talk(bench, messages, false),
          await talk(bench, messages, true),
          'what it sent where views died, beside where they lived',
        )
      },
    },
    {
      name: 'keeps peers apart',
      async run(bench) {
        const [left, right] = [bench.line(1), bench.line(2)]
        await turns(3)
        const before = right.sent.length
        for (const payload of [...messages, ...garbage(seededRandom('apart'), messages).slice(-50)])
          left.message(payload)
        expectSame(right.sent.length - before, 0, 'messages sent to one peer because of what another sent')
        left.close()
        for (const payload of messages) right.message(payload)
        right.close()
      },
    },
    {
      name: 'survives 1,000 messages in a row, and peers that come back',
      run(bench) {
        const random = seededRandom('row')
        const all = [...messages, ...garbage(random, messages)]
        for (let key = 1; key <= 10; key++) {
          const line = bench.line(key)
          for (let time = 0; time < 100; time++) line.message(all[random.below(all.length)] ?? new Uint8Array())
          line.close()
        }
      },
    },
  ]
}

/** What it sends to a peer that says all this. */
async function talk(bench: ExtensionBench, messages: readonly Uint8Array[], survives: boolean): Promise<string[]> {
  const line = bench.line(survives ? 1 : 2)
  for (const payload of messages) line.message(payload, survives)
  await turns(5)
  for (const payload of messages) line.message(payload, survives)
  await turns(5)
  line.close()
  return line.sent.map(show)
}
