import {
  Bits,
  type Choker,
  type ChokeFacts,
  type PeerView,
  type Random,
  type TorrentView,
  type Unchoke,
} from '@bitloom/core'

/** What one peer does; numbers are bytes/s, and may change between rounds. */
export interface Actor {
  readonly name: string
  /** What it gives us. */
  gives?: number
  /** It gives only to those who send it so much, and unchokes nobody else. */
  wants?: number
  /** What it takes while it is unchoked; default: all it is given. */
  takes?: number
  snubbed?: boolean
  /** Pieces it has, of 100. */
  pieces?: number
}

export interface SceneOptions {
  readonly slots: number
  readonly seeding?: boolean
  readonly uploadLimit?: number
  readonly seed?: number
}

export const pieceBytes = 16_384
const pieceCount = 100
/** What the network gives a peer for which the choker states no rate. */
const usualBytesPerSecond = 100_000

/** A choker with peers on virtual time, and after each round what core would make of it. */
export function scene(choker: Choker, actors: readonly Actor[], options: SceneOptions) {
  const content = { pieceLengthBytes: pieceBytes, lengthBytes: pieceCount * pieceBytes, pieceCount }
  const choose = choker.create({ content } as unknown as TorrentView, seeded(options.seed ?? 1))
  let nowMs = 1_000_000
  const peers = actors.map((actor, key) => ({
    actor,
    view: { key, name: actor.name, uploadedBytes: 0, haves: piecesOf(actor.pieces ?? 0) },
    connectedAtMs: nowMs - 1_000 + key,
    unchokedAtMs: undefined as number | undefined,
    gets: 0,
  }))
  const facts = ({ actor, view, unchokedAtMs, connectedAtMs, gets }: (typeof peers)[number]): ChokeFacts => {
    const reciprocates = actor.wants === undefined || gets >= actor.wants
    return {
      peer: view as unknown as PeerView,
      downRate: reciprocates ? (actor.gives ?? 0) : 0,
      upRate: unchokedAtMs === undefined ? 0 : gets,
      theyUnchokeUs: reciprocates && (actor.gives ?? 0) > 0,
      unchokedAtMs,
      connectedAtMs,
      snubbed: actor.snubbed ?? false,
    }
  }
  return {
    actors: Object.fromEntries(actors.map((actor) => [actor.name, actor])),
    /** One round: who is unchoked, as it is after the cut; then `stepMs` of uploading. */
    round(stepMs = 10_000): {
      names: string
      reasons: Record<string, string>
      rates: Record<string, number | undefined>
    } {
      const { slots, seeding = false, uploadLimit } = options
      const list = choose({ nowMs, slots, seeding, uploadLimit, candidates: peers.map(facts) }).slice(0, slots)
      const nameOf = ({ peer }: Unchoke): string => (peer as unknown as { name: string }).name
      for (const peer of peers) {
        const mine = list.find((unchoke) => unchoke.peer === (peer.view as unknown))
        peer.unchokedAtMs = mine === undefined ? undefined : (peer.unchokedAtMs ?? nowMs)
        peer.gets =
          mine === undefined
            ? 0
            : Math.min(peer.actor.takes ?? Infinity, mine.uploadBytesPerSecond ?? usualBytesPerSecond)
        peer.view.uploadedBytes += (peer.gets * stepMs) / 1_000
      }
      nowMs += stepMs
      return {
        names: list.map(nameOf).join(''),
        reasons: Object.fromEntries(list.map((unchoke) => [nameOf(unchoke), unchoke.reason])),
        rates: Object.fromEntries(list.map((unchoke) => [nameOf(unchoke), unchoke.uploadBytesPerSecond])),
      }
    },
  }
}

function piecesOf(count: number): Bits {
  const bits = new Bits(pieceCount)
  for (let piece = 0; piece < count; piece++) bits.add(piece)
  return bits
}

/** A small generator with a seed (xorshift): the same seed, the same numbers. */
export function seeded(seed: number): Random {
  let state = (seed + 1) * 2_654_435_761
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    fork: (name) => seeded(seed + name.length),
  }
}
