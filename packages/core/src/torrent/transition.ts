import type { TorrentState } from '../ports/views.js'

/** What can happen to a torrent. */
export type TorrentStep =
  | 'metadata-missing'
  | 'metadata'
  | 'opened'
  | 'checked-partial'
  | 'checked-whole'
  | 'wanted-whole'
  | 'wanted-missing'
  | 'pause'
  | 'resume-partial'
  | 'resume-whole'
  | 'resume-metadata'
  | 'queue'
  | 'storage-failed'
  | 'storage-works'
  | 'recheck'
  | 'fail'

/**
 * Every legal step of every state; what is not here does not happen. Pausing and queueing remember nothing: what a torrent
 * goes on to depends on what is missing then.
 */
const table: Readonly<Record<TorrentState, Readonly<Partial<Record<TorrentStep, TorrentState>>>>> = {
  loading: { 'metadata-missing': 'fetching-metadata', opened: 'checking', fail: 'failed' },
  'fetching-metadata': { metadata: 'loading', pause: 'paused', queue: 'queued', fail: 'failed' },
  checking: { 'checked-partial': 'downloading', 'checked-whole': 'seeding', fail: 'failed' },
  downloading: {
    'wanted-whole': 'seeding',
    pause: 'paused',
    queue: 'queued',
    'storage-failed': 'blocked',
    recheck: 'checking',
    fail: 'failed',
  },
  seeding: {
    'wanted-missing': 'downloading',
    pause: 'paused',
    queue: 'queued',
    'storage-failed': 'blocked',
    recheck: 'checking',
    fail: 'failed',
  },
  paused: {
    'resume-partial': 'downloading',
    'resume-whole': 'seeding',
    'resume-metadata': 'fetching-metadata',
    queue: 'queued',
    recheck: 'checking',
    fail: 'failed',
  },
  queued: {
    metadata: 'loading',
    'resume-partial': 'downloading',
    'resume-whole': 'seeding',
    'resume-metadata': 'fetching-metadata',
    pause: 'paused',
    recheck: 'checking',
    fail: 'failed',
  },
  blocked: {
    'storage-works': 'downloading',
    'wanted-whole': 'seeding',
    pause: 'paused',
    queue: 'queued',
    recheck: 'checking',
    fail: 'failed',
  },
  failed: { recheck: 'checking' },
}

/** The state after a step, or `undefined` where the step is not legal. */
export function transition(state: TorrentState, step: TorrentStep): TorrentState | undefined {
  return table[state][step]
}
