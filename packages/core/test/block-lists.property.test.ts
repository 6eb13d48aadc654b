import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockQueue } from '../src/peer/block-queue.js'
import { type PeerRequest, RequestInbox } from '../src/peer/request-inbox.js'

const small = fc.nat({ max: 3 })
const request = fc.record({ piece: small, begin: small, lengthBytes: fc.constant(1) })
const block = fc.record({ piece: small, block: small })

type InboxStep = { add: PeerRequest } | { run: number } | { cancel: PeerRequest } | { drop: number }

const inboxStep = fc.oneof<fc.WeightedArbitrary<InboxStep>[]>(
  { weight: 6, arbitrary: fc.record({ add: request }) },
  { weight: 2, arbitrary: fc.record({ run: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ cancel: request }) },
  { weight: 1, arbitrary: fc.record({ drop: small }) },
)

/** What one step answers. */
function inboxDoes(inbox: RequestInbox, step: InboxStep): unknown {
  if ('add' in step) return inbox.add(step.add.piece, step.add.begin, 1)
  if ('cancel' in step) return inbox.remove(step.cancel.piece, step.cancel.begin, 1)
  if ('run' in step) {
    const run = inbox.nextRun(step.run, Infinity)
    return run?.lengths.map((_, at) => ({ piece: run.piece, begin: run.begin + at, lengthBytes: 1 })) ?? []
  }
  const dropped: PeerRequest[] = []
  inbox.dropIf(
    (piece) => piece === step.drop,
    (gone) => dropped.push(gone),
  )
  return dropped
}

/** What it should answer, by a list. */
function listDoes(list: PeerRequest[], step: InboxStep): unknown {
  if ('add' in step) return list.push(step.add) > 0
  if ('cancel' in step) {
    const at = list.findIndex(({ piece, begin }) => piece === step.cancel.piece && begin === step.cancel.begin)
    return at >= 0 && list.splice(at, 1).length > 0
  }
  if ('run' in step) {
    const [first] = list
    const end = list.findIndex(({ piece, begin }, at) => piece !== first?.piece || begin !== first.begin + at)
    return list.splice(0, Math.min(step.run, end < 0 ? list.length : end))
  }
  const dropped = list.filter(({ piece }) => piece === step.drop)
  list.splice(0, list.length, ...list.filter(({ piece }) => piece !== step.drop))
  return dropped
}

it('requests of a peer are kept in the order they came, whatever is taken, cancelled and dropped meanwhile', () => {
  fc.assert(
    fc.property(fc.array(inboxStep, { maxLength: 200, size: 'max' }), (steps) => {
      const inbox = new RequestInbox()
      const list: PeerRequest[] = []
      const seen = steps.map((step) => ({ answer: inboxDoes(inbox, step), size: inbox.size }))
      expect(seen).toEqual(steps.map((step) => ({ answer: listDoes(list, step), size: list.length })))
    }),
  )
})

it('takes 500 requests of a peer and no more', () => {
  const inbox = new RequestInbox()
  const taken = Array.from({ length: 501 }, (_, begin) => inbox.add(1, begin, 1))
  expect(taken.indexOf(false)).toBe(500)
  expect(inbox.nextRun(1_000, Infinity)?.lengths).toHaveLength(500)
})

type QueueStep = { ask: { piece: number; block: number } } | { arrives: { piece: number; block: number } } | 'oldest'

const queueStep = fc.oneof<fc.WeightedArbitrary<QueueStep>[]>(
  { weight: 5, arbitrary: fc.record({ ask: block }) },
  { weight: 3, arbitrary: fc.record({ arrives: block }) },
  { weight: 1, arbitrary: fc.constant('oldest' as const) },
)

type Entry = readonly [piece: number, block: number, askedAtMs: number]

function queueDoes(queue: BlockQueue, step: QueueStep, nowMs: number): unknown {
  const all: Entry[] = []
  const answer: unknown[] = []
  if (step === 'oldest') queue.shift((piece, number) => answer.push(piece, number))
  else if ('ask' in step) queue.push(step.ask.piece, step.ask.block, nowMs)
  else answer.push(queue.remove(step.arrives.piece, step.arrives.block))
  queue.each((...entry) => all.push(entry))
  return { answer, all }
}

function entriesDo(entries: Entry[], step: QueueStep, nowMs: number): unknown {
  const answer: unknown[] = []
  if (step === 'oldest') {
    answer.push(...(entries.shift()?.slice(0, 2) ?? []))
  } else if ('ask' in step) {
    entries.push([step.ask.piece, step.ask.block, nowMs])
  } else {
    const { arrives } = step
    const at = entries.findIndex(([piece, number]) => piece === arrives.piece && number === arrives.block)
    answer.push(at >= 0)
    if (at >= 0) entries.splice(at, 1)
  }
  return { answer, all: [...entries] }
}

it('blocks asked of a peer are kept in order, whatever arrives and is given up meanwhile', () => {
  fc.assert(
    fc.property(fc.array(queueStep, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new BlockQueue()
      const entries: Entry[] = []
      const seen = steps.map((step, nowMs) => queueDoes(queue, step, nowMs))
      expect(seen).toEqual(steps.map((step, nowMs) => entriesDo(entries, step, nowMs)))
    }),
  )
})
