import type { AnnounceEvent, Clock, IpEndpoint, ScrapeAnswer, TrackerClient } from '@bitloom/core'

/** An announce as it reached the tracker. What the protocol does not carry is `undefined`. */
export interface ArrivedAnnounce {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  /** `undefined` = a regular one. */
  readonly event: AnnounceEvent | undefined
  readonly port: number
  readonly uploaded: number
  readonly downloaded: number
  readonly left: number
  readonly numWant?: number
}

/** What the tracker of a test says. */
export type TrackerReply =
  | {
      readonly kind: 'answer'
      readonly peers: readonly IpEndpoint[]
      readonly intervalMs: number
      readonly seeders: number
      readonly leechers: number
    }
  /** A refusal with its reason. */
  | { readonly kind: 'failure'; readonly reason: string }
  /** Bytes that mean nothing, in place of an answer. */
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array }
  /** No answer, ever. */
  | { readonly kind: 'silence' }

/** The tracker of a test, without its protocol: `serve` brings that. */
export interface PlayedTracker {
  announce(arrived: ArrivedAnnounce): TrackerReply
  /** `undefined` at the place of a torrent that it does not know. */
  scrape(infoHashes: readonly Uint8Array[]): readonly (ScrapeAnswer | undefined)[]
}

export interface ServedTracker {
  /** Where the client reaches it. The suite adds a query of its own. */
  readonly url: string
  close(): Promise<void> | void
}

/** The client under test, and how its connections end after a test. */
export type TestedClient = TrackerClient & { close?(): Promise<void> | void }

interface ClientOptions {
  /** Makes the client with a clock that stands still until the suite moves it. */
  client(clock: Clock): TestedClient
}

/** For a client that asks a server. */
export interface ServedClientOptions extends ClientOptions {
  /** Starts a tracker on this machine that speaks the client's protocol and says what `tracker` says. */
  serve(tracker: PlayedTracker): Promise<ServedTracker>
  /** Whether it can scrape. Default true. */
  readonly scrapes?: boolean
  readonly urlOf?: never
}

/** For a client without a server, whose URL says where the peers are. */
export interface ListedClientOptions extends ClientOptions {
  /** The URL that these peers are the answer to: up to 200 IPv4 addresses, also some that are none. */
  urlOf(peers: readonly IpEndpoint[]): string
  readonly serve?: never
}

export type TrackerBenchOptions = ServedClientOptions | ListedClientOptions
