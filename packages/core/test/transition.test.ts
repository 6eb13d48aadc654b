import { describe, expect, it } from 'vitest'
import type { TorrentState } from '../src/ports/views.js'
import { transition, type TorrentStep } from '../src/torrent/transition.js'

const letters: Readonly<Record<string, TorrentState>> = {
  L: 'loading',
  M: 'fetching-metadata',
  C: 'checking',
  D: 'downloading',
  S: 'seeding',
  P: 'paused',
  B: 'blocked',
  F: 'failed',
  Q: 'queued',
}

/** Each row is a step, each column the state it happens in; `.` = not legal. Every cell of the table. */
const picture: Readonly<Record<TorrentStep, string>> = {
  //                  L M C D S P B F Q
  'metadata-missing': 'M . . . . . . . .',
  metadata: '. L . . . . . . L',
  opened: 'C . . . . . . . .',
  'checked-partial': '. . D . . . . . .',
  'checked-whole': '. . S . . . . . .',
  'wanted-whole': '. . . S . . S . .',
  'wanted-missing': '. . . . D . . . .',
  pause: '. P . P P . P . P',
  'resume-partial': '. . . . . D . . D',
  'resume-whole': '. . . . . S . . S',
  'resume-metadata': '. . . . . M . . M',
  queue: '. Q . Q Q Q Q . .',
  'storage-failed': '. . . B B . . . .',
  'storage-works': '. . . . . . D . .',
  recheck: '. . . C C C C C C',
  fail: 'F F F F F F F . F',
}

const cells = Object.entries(picture).flatMap(([step, row]) =>
  row.split(' ').map((to, at) => {
    const from = Object.values(letters)[at] as TorrentState
    return { from, step: step as TorrentStep, to: letters[to] }
  }),
)

describe('transition', () => {
  it.each(cells)('$from, $step: $to', ({ from, step, to }) => {
    expect(transition(from, step)).toBe(to)
  })

  it('has a way back from every state that somebody has to end', () => {
    for (const state of ['queued', 'paused', 'blocked', 'failed'] as const) {
      expect(cells.filter(({ from, to }) => from === state && to !== undefined && to !== state)).not.toEqual([])
    }
  })
})
