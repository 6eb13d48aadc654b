import type { IpEndpoint, Random } from '@bitloom/core'
import { writeCompact } from '@bitloom/core'

/** Bounds of what is remembered. */
export interface SwarmLimits {
  /** A peer that was silent for so long is forgotten. */
  readonly expireAfterMs: number
  readonly maxTorrents: number
  readonly maxPeersPerTorrent: number
  /** In all torrents together. */
  readonly maxPeers: number
}

/** One announce, of either protocol. Hashes and ids are 20 bytes as Latin-1 text. */
export interface Announce {
  readonly infoHash: string
  readonly peerId: string
  /** Where the peer listens: the source address of the request and the port it named. Port 0 = it does not listen. */
  readonly endpoint: IpEndpoint
  readonly event: 'started' | 'completed' | 'stopped' | undefined
  /** Bytes it still lacks; `undefined` = not said, taken as a downloader. */
  readonly left: number | undefined
  /** At most so many peers are handed out. */
  readonly numWant: number
  /** Of which address family. */
  readonly families: 4 | 6 | 'both'
}

/** A peer as it is handed out. */
export interface SwarmPeer {
  readonly endpoint: IpEndpoint
  readonly peerId: string
  /** 6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7). */
  readonly compact: Uint8Array
}

/** Statistics of one torrent (BEP 48). */
export interface SwarmCounts {
  readonly seeds: number
  readonly leechers: number
  /** How often a peer told that it became complete. */
  readonly completed: number
}

export interface AnnounceOutcome extends SwarmCounts {
  /** A random choice; never the asker itself, and no seeds for a seed, except when it starts. */
  readonly peers: readonly SwarmPeer[]
}

interface Member extends SwarmPeer {
  seenAtMs: number
  toldCompleted: boolean
  pool: Member[]
  index: number
}

/**
 * Invariant: every member is in `members`, oldest announce first, and in exactly one of the four pools, at `index`.
 */
interface Swarm {
  readonly members: Map<string, Member>
  readonly seeds: Readonly<Record<4 | 6, Member[]>>
  readonly leechers: Readonly<Record<4 | 6, Member[]>>
  completed: number
}

/**
 * Who is in which torrent: the whole state of a tracker, without I/O. Times are monotonic ms, handed in.
 */
export class Swarms {
  readonly #limits: SwarmLimits
  readonly #random: Pick<Random, 'below'>
  readonly #swarms = new Map<string, Swarm>()
  #peers = 0

  constructor(limits: SwarmLimits, random: Pick<Random, 'below'>) {
    this.#limits = limits
    this.#random = random
  }

  /** Torrents with at least one peer, or one that left not long ago. */
  get torrents(): number {
    return this.#swarms.size
  }

  get peers(): number {
    return this.#peers
  }

  /**
   * Takes an announce in and chooses peers for it. `undefined`: the torrent is new and there is no room for one more. A
   * newcomer to a full torrent is answered but not remembered.
   */
  announce(announce: Announce, nowMs: number): AnnounceOutcome | undefined {
    const swarm = this.#swarm(announce, nowMs)
    if (swarm === undefined) return isListed(announce) ? undefined : nobody
    this.#expire(swarm, nowMs)
    if (announce.event === 'stopped') {
      this.#remove(swarm, keyOf(announce))
      return { ...counts(swarm), peers: [] }
    }
    this.#put(swarm, announce, nowMs)
    return { ...counts(swarm), peers: this.#choose(swarm, announce) }
  }

  /** Statistics of a torrent; `undefined` = nobody knows it here. */
  scrape(infoHash: string, nowMs: number): SwarmCounts | undefined {
    const swarm = this.#swarms.get(infoHash)
    if (swarm === undefined) return undefined
    this.#expire(swarm, nowMs)
    return counts(swarm)
  }

  /** Forgets silent peers and torrents without any. Answers are right without it: it frees memory. */
  expire(nowMs: number): void {
    for (const [infoHash, swarm] of this.#swarms) {
      this.#expire(swarm, nowMs)
      if (swarm.members.size === 0) this.#swarms.delete(infoHash)
    }
  }

  #swarm(announce: Announce, nowMs: number): Swarm | undefined {
    const known = this.#swarms.get(announce.infoHash)
    if (known !== undefined || !isListed(announce)) return known
    if (this.#swarms.size >= this.#limits.maxTorrents) this.expire(nowMs)
    if (this.#swarms.size >= this.#limits.maxTorrents) return undefined
    const swarm = { members: new Map(), seeds: { 4: [], 6: [] }, leechers: { 4: [], 6: [] }, completed: 0 }
    this.#swarms.set(announce.infoHash, swarm)
    return swarm
  }

  #put(swarm: Swarm, announce: Announce, nowMs: number): void {
    const { endpoint, event, peerId } = announce
    const key = keyOf(announce)
    const before = swarm.members.get(key)
    const isSeed = announcesSeed(announce)
    const counted = event === 'completed' && before?.toldCompleted !== true
    if (counted) swarm.completed++
    this.#remove(swarm, key)
    if (!isListed(announce) || !this.#hasRoom(swarm)) return
    const pool = (isSeed ? swarm.seeds : swarm.leechers)[familyOf(endpoint)]
    const toldCompleted = isSeed && (counted || before?.toldCompleted === true)
    const compact = before?.compact ?? writeCompact(endpoint)
    const member = { endpoint, peerId, compact, seenAtMs: nowMs, toldCompleted, pool, index: pool.length }
    pool.push(member)
    swarm.members.set(key, member)
    this.#peers++
  }

  #hasRoom(swarm: Swarm): boolean {
    return swarm.members.size < this.#limits.maxPeersPerTorrent && this.#peers < this.#limits.maxPeers
  }

  #remove(swarm: Swarm, key: string): void {
    const member = swarm.members.get(key)
    if (member === undefined) return
    swarm.members.delete(key)
    const last = member.pool.pop()
    if (last !== undefined && last !== member) place(last, member.index)
    this.#peers--
  }

  #expire(swarm: Swarm, nowMs: number): void {
    for (const [key, member] of swarm.members) {
      if (nowMs - member.seenAtMs < this.#limits.expireAfterMs) return
      this.#remove(swarm, key)
    }
  }

  /** Draws without repetition: what is drawn moves to the front of its pool, the rest of the pool is drawn from. */
  #choose(swarm: Swarm, announce: Announce): SwarmPeer[] {
    // A client that has a magnet link alone says that nothing is left (aria2 does): seeds are left out from the second on.
    const isSeed = announcesSeed(announce) && announce.event !== 'started'
    const pools = (isSeed ? [swarm.leechers] : [swarm.leechers, swarm.seeds]).flatMap((sides) =>
      announce.families === 'both' ? [sides[4], sides[6]] : [sides[announce.families]],
    )
    const drawn = pools.map(() => 0)
    let left = pools.reduce((sum, pool) => sum + pool.length, 0)
    const chosen: SwarmPeer[] = []
    while (chosen.length < announce.numWant && left > 0) {
      let at = this.#random.below(left--)
      for (const [side, pool] of pools.entries()) {
        const from = drawn[side] ?? 0
        const rest = pool.length - from
        if (at >= rest) {
          at -= rest
          continue
        }
        const peer = swap(pool, from, from + at)
        drawn[side] = from + 1
        if (peer !== undefined && peer.peerId !== announce.peerId) chosen.push(peer)
        break
      }
    }
    return chosen
  }
}

const nobody: AnnounceOutcome = { seeds: 0, leechers: 0, completed: 0, peers: [] }

/** Whether it makes a peer known to others. */
function isListed({ event, endpoint }: Announce): boolean {
  return event !== 'stopped' && endpoint.port !== 0
}

function announcesSeed({ left, event }: Announce): boolean {
  return left === 0 || event === 'completed'
}

function familyOf(endpoint: IpEndpoint): 4 | 6 {
  return endpoint.host.includes(':') ? 6 : 4
}

/** By address, not by peer id: nobody can push another peer out with its id. */
function keyOf({ endpoint }: Announce): string {
  return `${endpoint.host} ${endpoint.port}`
}

function counts(swarm: Swarm): SwarmCounts {
  return {
    seeds: swarm.seeds[4].length + swarm.seeds[6].length,
    leechers: swarm.leechers[4].length + swarm.leechers[6].length,
    completed: swarm.completed,
  }
}

function place(member: Member, index: number): void {
  member.pool[index] = member
  member.index = index
}

function swap(pool: Member[], a: number, b: number): Member | undefined {
  const [first, second] = [pool[a], pool[b]]
  if (first === undefined || second === undefined) return undefined
  place(first, b)
  place(second, a)
  return second
}
