import { chokerConformance } from '@bitloom/conformance'
import type { ChokeFacts, PeerView, Random, TorrentView } from '@bitloom/core'
import { describe, expect, it } from 'vitest'
import { equalShares } from '../src/my-choker.js'

// What every choker promises.
chokerConformance({ describe, it }, { choker: equalShares })

/** A peer that has got so many bytes of us, connected since `connectedAtMs`. */
function candidate(uploadedBytes: number, connectedAtMs = 0): ChokeFacts {
  return {
    peer: { uploadedBytes } as PeerView,
    downRate: 0,
    upRate: 0,
    theyUnchokeUs: true,
    unchokedAtMs: undefined,
    connectedAtMs,
    snubbed: false,
  }
}

/** The shares of those that are unchoked, in their order. */
function orderOf(...candidates: readonly ChokeFacts[]): number[] {
  const choke = equalShares.create({} as TorrentView, {} as Random)
  const round = { nowMs: 60_000, slots: 4, seeding: false, uploadLimit: undefined, candidates }
  return choke(round).map(({ peer }) => candidates.findIndex((one) => one.peer === peer))
}

describe('my-choker', () => {
  it('puts those first that have got least', () => {
    expect(orderOf(candidate(500), candidate(0), candidate(200))).toEqual([1, 2, 0])
  })

  it('puts those first that have waited longest, at equal shares', () => {
    expect(orderOf(candidate(0, 9_000), candidate(0, 3_000))).toEqual([1, 0])
  })
})
