/** What was said, and how often it was so again. */
interface Said {
  readonly text: string
  readonly about: string | undefined
  /** Whom it was about, after the first time. */
  readonly others: string[]
  times: number
}

/** Says a thing once, counts how often it was so again, and says the counts in the end. */
export interface Causes {
  /** True for what should be said now: the first time of a cause. */
  isNew(cause: string, text: string, about?: string): boolean
  /** What came again since the last call, as sentences. */
  counts(): string[]
}

const mostNames = 3
/** Causes beyond so many push out the oldest: who runs for months meets ever new ones. */
const mostCauses = 1_000

/** Remembers what was said. Invariant: what is new is said whole, so nothing is hidden but repetition. */
export function createCauses(): Causes {
  const said = new Map<string, Said>()
  return {
    isNew(cause, text, about) {
      const before = said.get(cause)
      if (before === undefined) {
        const [oldest] = said.size >= mostCauses ? said.keys() : []
        if (oldest !== undefined) said.delete(oldest)
        said.set(cause, { text, about, others: [], times: 0 })
        return true
      }
      before.times++
      if (about !== undefined && about !== before.about && !before.others.includes(about)) before.others.push(about)
      return false
    },
    counts() {
      const repeated = [...said.values()].filter(({ times }) => times > 0)
      const lines = repeated.map(countText)
      for (const each of repeated) {
        each.times = 0
        each.others.length = 0
      }
      return lines
    },
  }
}

function countText({ text, times, others }: Said): string {
  const names = others.slice(0, mostNames).join(', ')
  const more = others.length > mostNames ? ` and ${others.length - mostNames} more` : ''
  const about = others.length === 0 ? '' : `, for ${names}${more}`
  return `${times === 1 ? 'once' : `${times} times`} more${about}: ${text}`
}
