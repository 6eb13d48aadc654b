import type { Dict, ExtensionSession, PeerExtension, TorrentView } from '@bitloom/core'
import { NumberSet } from '../kit/bits.js'
import { broken, BrokenGuarantee, expectSame, expectThat, show } from '../kit/expect.js'
import { between, seededRandom } from '../kit/random.js'
import { defineSuite, type Guarantee, type TestRunner, unless } from '../kit/runner.js'
import { turns } from '../kit/settle.js'
import { contentView, peerView, torrentView } from '../kit/views.js'
import { contentOf } from '../storage/content.js'
import { garbage } from './garbage.js'

export interface ExtensionConformanceOptions {
  /** The extension under test; a function makes a new one for each test. */
  readonly extension: PeerExtension | (() => PeerExtension)
  /** Keys of a sound extension handshake beside `m`, as the decoder gives them. Default none. */
  readonly theirs?: Dict
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

const content = contentView(contentOf([{ path: 'file', lengthBytes: 1_000_000 }], 65_536))

/** A torrent with its content, and one that waits for it. */
const torrents: readonly TorrentView[] = [
  torrentView({ content }),
  torrentView({ id: 't2', state: 'fetching-metadata' }),
]

/** Extensions that pass on where peers are: BEP 27 has them off for private torrents. */
const peerSharing = ['ut_pex', 'lt_tex', 'ut_holepunch']

/** One message of an extension may be so long that it fits into what a decoder takes. */
const mostBytes = 1_048_576
/** What a peer asks, it may be answered; a message that sets off more than this is a flood. */
const mostSends = 100

/** One connection of an extension. */
class Line {
  readonly sent: Uint8Array[] = []
  readonly #bench: ExtensionBench
  session: ExtensionSession | undefined
  accepts = true
  isClosed = false

  constructor(bench: ExtensionBench) {
    this.#bench = bench
  }

  open(key: number, torrent: TorrentView, theirs: Dict): void {
    const haves = NumberSet.of(content.pieceCount)
    const peer = peerView(key, { haves })
    const send = (payload: Uint8Array): boolean => this.#send(payload)
    this.session = this.#bench.call(
      () => `open with ${show(theirs)}`,
      () => this.#bench.extension.open(peer, torrent, { send }, theirs),
    )
    expectThat(
      typeof this.session === 'object' && this.session !== null,
      () => `open answered ${show(this.session)}, expected a session`,
    )
  }

  /** What is wrong is noted, not thrown: it may be called at any time, by code that catches what it throws. */
  #send(payload: Uint8Array): boolean {
    const { faults } = this.#bench
    if (this.isClosed) faults.push('it sent a message after close')
    if (!(payload instanceof Uint8Array)) {
      faults.push(`it sent ${show(payload)}, expected bytes`)
      return false
    }
    if (payload.length > mostBytes)
      faults.push(`it sent ${payload.length} bytes in one message, expected ${mostBytes} at most`)
    if (this.isClosed) return false
    this.sent.push(payload.slice())
    return this.accepts
  }

  /** The view is dead after the call, as in the engine. */
  message(payload: Uint8Array, survives = false): void {
    const view = payload.slice()
    const before = this.sent.length
    this.#bench.call(
      () => `message ${show(payload)}`,
      () => this.session?.message?.(view),
    )
    const sends = this.sent.length - before
    expectThat(sends <= mostSends, () => `one message, ${show(payload)}, set off ${sends} others`)
    if (!survives) view.fill(0xee)
  }

  wire(id: number, payload: Uint8Array): void {
    const view = payload.slice()
    this.#bench.call(
      () => `wire(${id}, ${show(payload)})`,
      () => this.session?.wire?.(id, view),
    )
    view.fill(0xee)
  }

  close(): void {
    this.#bench.call(
      () => 'close',
      () => this.session?.close?.(),
    )
    this.isClosed = true
  }
}

class ExtensionBench {
  /** What was wrong in calls that came from the extension. */
  readonly faults: string[] = []
  readonly extension: PeerExtension
  readonly #theirs: Dict

  constructor({ extension, theirs = new Map() }: ExtensionConformanceOptions) {
    this.extension = typeof extension === 'function' ? extension() : extension
    this.#theirs = theirs
  }

  line(key = 1, torrent: TorrentView = torrents[0] ?? torrentView(), theirs = this.#theirs): Line {
    const line = new Line(this)
    line.open(key, torrent, theirs)
    return line
  }

  /** Core isolates what an extension throws; it counts as a failure of the plugin all the same. */
  call<T>(what: () => string, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof BrokenGuarantee) throw error
      return broken(`it threw ${show(error)} in ${what()}`, error)
    }
  }
}

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

function checkDeclaration({ extension }: ExtensionBench): void {
  const { name, wireIds = {}, reservedBits = [] } = extension
  expectThat(/^[\x21-\x7e]{1,64}$/.test(name), `its name is ${show(name)}: expected plain ASCII of 1 to 64 characters`)
  for (const [id, length] of Object.entries(wireIds)) {
    const isId = Number.isInteger(Number(id)) && Number(id) >= 9 && Number(id) <= 255 && Number(id) !== 20
    expectThat(isId, `it claims the base message id ${id}: expected one from 9 to 255 that core does not use`)
    expectThat(
      Number.isInteger(length) && length >= 0 && length <= mostBytes,
      `message ${id} has ${show(length)} bytes`,
    )
  }
  for (const bit of reservedBits) {
    expectThat(
      Number.isInteger(bit) && bit >= 0 && bit < 64,
      `it claims the reserved bit ${show(bit)}: expected 0 to 63`,
    )
  }
}

/** Keys that core writes itself (BEP 10, BEP 21). */
const coreKeys = ['m', 'v', 'p', 'reqq', 'yourip', 'upload_only']

function checkHello(bench: ExtensionBench): void {
  for (const torrent of torrents) {
    const into = new Map<string, unknown>([['other', 1]])
    bench.call(
      () => 'hello',
      () => bench.extension.hello?.(into, torrent),
    )
    expectSame(into.get('other'), 1, 'a key of another extension after hello')
    for (const [key, value] of into) {
      expectThat(!coreKeys.includes(key), `hello wrote ${show(key)}, which is a key of core`)
      expectThat(isEncodable(value), () => `hello wrote ${show(key)} = ${show(value)}, which bencode has no form for`)
    }
  }
}

function isEncodable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isEncodable)
  return (
    value instanceof Map && [...value.entries()].every(([key, part]) => typeof key === 'string' && isEncodable(part))
  )
}

/** Dictionaries whose values are of any kind, under the keys that extensions read. */
function handshakes(): Dict[] {
  const random = seededRandom('handshakes')
  const keys = ['metadata_size', 'm', 'v', 'p', 'reqq', 'upload_only', 'ipv4', 'ipv6', 'yourip', 'x']
  const values = [
    0,
    -1,
    Number.MAX_SAFE_INTEGER,
    new Uint8Array(0),
    new Uint8Array(70_000),
    [],
    [1, [new Uint8Array(1)]],
    new Map([['a', 1]]),
  ]
  const drawn = Array.from({ length: 60 }, (): Dict => {
    const entries = keys
      .slice(0, between(random, 0, keys.length))
      .map((key) => [key, values[random.below(values.length)] ?? 0] as const)
    return new Map(entries)
  })
  return [...values.map((value): Dict => new Map([['metadata_size', value]])), ...drawn]
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
