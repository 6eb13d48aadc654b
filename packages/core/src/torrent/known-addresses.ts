import { LazyMap } from '../bytes/lazy-collections.js'
import { type Endpoint, formatEndpoint, ipScope } from '../ports/endpoint.js'
import { type HeapItem, IndexedHeap } from './indexed-heap.js'

/** The wait after a first failure; it doubles with each one that follows. */
const firstRetryMs = 10_000
const longestRetryMs = 3_600_000
/** What the user named is tried more patiently: somebody expects it to come up. */
const longestUserRetryMs = 120_000
/** A connection of this length makes up for earlier failures. */
const goodConnectionMs = 60_000
/** A banned host is looked at again after this long. */
const banCheckMs = 60_000

/**
 * How a connection ended: `lost`: whoever ended it, the address has to prove itself. `let-go`: neither side was at fault,
 * there was nothing to do for it; due again at once. `ourselves`: not for an hour.
 */
export type ConnectionEnd = 'lost' | 'let-go' | 'ourselves'

interface Entry extends HeapItem {
  readonly endpoint: Endpoint
  readonly order: number
  /** Everybody who named it. */
  readonly sources: Set<string>
  state: 'idle' | 'dialling' | 'connected'
  userGiven: boolean
  isSeed: boolean
  failures: number
  /** When it was last tried; `-Infinity` = never. */
  triedAtMs: number
  /** Not to be dialled before. */
  retryAtMs: number
}

/**
 * The address book of one torrent: who could be dialled, and when. Bounded, and deaf to addresses that make no sense.
 * Every method takes endpoints by value; those that are not in the book are ignored, so that callers need not care
 * whether an incoming peer is known.
 *
 * Invariant: an idle entry is in exactly one heap: `waiting` until its time has come, then `ready` or `readySeeds`.
 */
export class KnownAddresses {
  readonly #entries = new LazyMap<string, Entry>()
  readonly #waiting = new IndexedHeap<Entry>((a, b) => a.retryAtMs < b.retryAtMs)
  readonly #ready = new IndexedHeap<Entry>(isBetter)
  readonly #readySeeds = new IndexedHeap<Entry>(isBetter)
  readonly #limit: number
  readonly #isOwn: (endpoint: Endpoint) => boolean
  readonly #isBanned: (host: string, nowMs: number) => boolean
  #added = 0
  /** No entry would have to go for a new one. Saves a full book a scan for each address it is flooded with. */
  #allAreGood = false

  /** `limit` entries at the most; `isOwn` tells our own listening addresses, `isBanned` (optional) hosts not to dial now. */
  constructor(
    limit: number,
    isOwn: (endpoint: Endpoint) => boolean,
    isBanned: (host: string, nowMs: number) => boolean = () => false,
  ) {
    this.#limit = limit
    this.#isOwn = isOwn
    this.#isBanned = isBanned
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Takes an address in. `source` "user" marks it as given by the user: it goes first and is never dropped, and naming
   * it again makes it due at once. Refused from every source: our own addresses, port 0, and addresses that name no
   * single host (multicast, broadcast, unspecified). A full book drops its worst entry for a new one, or stays full.
   */
  add(endpoint: Endpoint, source: string, nowMs: number): 'added' | 'known' | 'full' | 'refused' {
    if (!isSensible(endpoint) || this.#isOwn(endpoint)) return 'refused'
    const userGiven = source === 'user'
    const name = formatEndpoint(endpoint)
    const known = this.#entries.get(name)
    if (known !== undefined) {
      known.sources.add(source)
      if (userGiven) this.#favour(known, nowMs)
      return 'known'
    }
    if (this.#entries.size >= this.#limit && !this.#dropWorst(userGiven)) return 'full'
    const entry: Entry = {
      endpoint,
      order: this.#added++,
      sources: new Set([source]),
      userGiven,
      state: 'idle',
      isSeed: false,
      failures: 0,
      heapAt: -1,
      triedAtMs: -Infinity,
      retryAtMs: nowMs,
    }
    this.#entries.set(name, entry)
    this.#waiting.push(entry)
    return 'added'
  }

  /**
   * The best address to dial now, if any: given by the user, then fewer failures, then the longest untried. It stays
   * the answer until `dialling` is called. `wantSeeds` false leaves known seeds out: a seed has no use for them.
   */
  next(nowMs: number, wantSeeds = true): Endpoint | undefined {
    this.#wake(nowMs)
    for (;;) {
      const entry = this.#best(wantSeeds)
      if (entry === undefined) return undefined
      const { endpoint } = entry
      if (endpoint.kind === 'url' || !this.#isBanned(endpoint.host, nowMs)) return endpoint
      this.#rest(entry, nowMs + banCheckMs)
    }
  }

  /** When `next` may have something: `nowMs` if it may now, `Infinity` if only other events can change that. */
  nextDeadlineMs(nowMs: number, wantSeeds = true): number {
    this.#wake(nowMs)
    return this.#best(wantSeeds) === undefined ? (this.#waiting.first?.retryAtMs ?? Infinity) : nowMs
  }

  /** A dial began: the address is not offered until `failed`, or `disconnected`. False if it is not in the book. */
  dialling(endpoint: Endpoint): boolean {
    const entry = this.#find(endpoint)
    if (entry !== undefined) this.#busy(entry, 'dialling')
    return entry !== undefined
  }

  has(endpoint: Endpoint): boolean {
    return this.#find(endpoint) !== undefined
  }

  /** A handshake with it succeeded, whoever dialled. */
  connected(endpoint: Endpoint, nowMs: number): void {
    const entry = this.#find(endpoint)
    if (entry === undefined) return
    this.#busy(entry, 'connected')
    entry.triedAtMs = nowMs
  }

  /** A dial or its handshake failed: it is tried again after a wait that doubles each time. Ignored unless `dialling`. */
  failed(endpoint: Endpoint, nowMs: number): void {
    const entry = this.#find(endpoint)
    if (entry?.state !== 'dialling') return
    this.#backOff(entry, nowMs, 1)
  }

  /** A connection ended. A ban is looked up when its time has come. */
  disconnected(endpoint: Endpoint, nowMs: number, end: ConnectionEnd): void {
    const entry = this.#find(endpoint)
    if (entry === undefined) return
    // Short-lived connections count as failures: a full peer that takes us in and drops us is not dialled in a loop.
    const wasGood = entry.state === 'connected' && nowMs - entry.triedAtMs >= goodConnectionMs
    if (wasGood) entry.failures = 0
    if (end === 'lost') this.#backOff(entry, nowMs, wasGood ? 0 : 1)
    else this.#rest(entry, end === 'let-go' ? nowMs : nowMs + longestRetryMs)
  }

  /** What it turned out to be (BEP 21 partial seeds too). */
  markSeed(endpoint: Endpoint, isSeed: boolean): void {
    const entry = this.#find(endpoint)
    if (entry === undefined || entry.isSeed === isSeed) return
    const wasReady = this.#ready.remove(entry) || this.#readySeeds.remove(entry)
    entry.isSeed = isSeed
    if (wasReady) this.#readyHeap(entry).push(entry)
  }

  /** Forgets every address that none of these sources named, and answers which those were. */
  keepOnly(sources: ReadonlySet<string>): Endpoint[] {
    const strangers = [...this.#entries.values()].filter((entry) =>
      [...entry.sources].every((source) => !sources.has(source)),
    )
    for (const entry of strangers) {
      this.#leaveHeaps(entry)
      this.#entries.delete(formatEndpoint(entry.endpoint))
    }
    return strangers.map(({ endpoint }) => endpoint)
  }

  #find(endpoint: Endpoint): Entry | undefined {
    return this.#entries.get(formatEndpoint(endpoint))
  }

  #readyHeap(entry: Entry): IndexedHeap<Entry> {
    return entry.isSeed ? this.#readySeeds : this.#ready
  }

  #best(wantSeeds: boolean): Entry | undefined {
    const other = this.#ready.first
    const seed = wantSeeds ? this.#readySeeds.first : undefined
    if (other === undefined || seed === undefined) return other ?? seed
    return isBetter(seed, other) ? seed : other
  }

  #wake(nowMs: number): void {
    for (;;) {
      const entry = this.#waiting.first
      if (entry === undefined || entry.retryAtMs > nowMs) return
      this.#waiting.remove(entry)
      this.#readyHeap(entry).push(entry)
    }
  }

  #leaveHeaps(entry: Entry): void {
    if (!this.#waiting.remove(entry) && !this.#ready.remove(entry)) this.#readySeeds.remove(entry)
  }

  #busy(entry: Entry, state: 'dialling' | 'connected'): void {
    this.#leaveHeaps(entry)
    entry.state = state
  }

  #rest(entry: Entry, untilMs: number): void {
    this.#leaveHeaps(entry)
    entry.state = 'idle'
    entry.retryAtMs = untilMs
    this.#allAreGood = false
    this.#waiting.push(entry)
  }

  #backOff(entry: Entry, nowMs: number, failures: 0 | 1): void {
    this.#leaveHeaps(entry)
    const longestMs = entry.userGiven ? longestUserRetryMs : longestRetryMs
    const waitMs = Math.min(firstRetryMs * 2 ** entry.failures, longestMs)
    entry.failures += failures
    entry.triedAtMs = nowMs
    this.#rest(entry, nowMs + waitMs)
  }

  #favour(entry: Entry, nowMs: number): void {
    const wasIdle = entry.state === 'idle'
    this.#leaveHeaps(entry)
    entry.userGiven = true
    if (wasIdle) this.#rest(entry, nowMs)
  }

  /** Makes room: the idle entry with the most failures goes; one that never failed only for the user's sake. */
  #dropWorst(forUser: boolean): boolean {
    if (this.#allAreGood && !forUser) return false
    let worst: Entry | undefined
    for (const entry of this.#entries.values()) {
      if (entry.userGiven || entry.state !== 'idle') continue
      if (worst === undefined || entry.failures >= worst.failures) worst = entry
    }
    this.#allAreGood = worst === undefined || worst.failures === 0
    if (worst === undefined || (this.#allAreGood && !forUser)) return false
    this.#leaveHeaps(worst)
    return this.#entries.delete(formatEndpoint(worst.endpoint))
  }
}

function isBetter(a: Entry, b: Entry): boolean {
  if (a.userGiven !== b.userGiven) return a.userGiven
  if (a.failures !== b.failures) return a.failures < b.failures
  return a.triedAtMs === b.triedAtMs ? a.order < b.order : a.triedAtMs < b.triedAtMs
}

function isSensible(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'url') return /^[a-z][a-z0-9+.-]*:\/\/./i.test(endpoint.url)
  const { host, port } = endpoint
  const scope = ipScope(host)
  const isOneHost = scope !== undefined && scope !== 'multicast' && scope !== 'broadcast' && scope !== 'unspecified'
  return isOneHost && Number.isInteger(port) && port > 0 && port <= 65_535
}
