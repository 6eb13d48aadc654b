/** What can be made: for each kind a folder in `templates`, whose files are named after `my-KIND`. */
export type Kind = keyof typeof kinds

export interface KindFacts {
  /** "a piece picker" */
  readonly title: string
  /** What it is for, in half a line. */
  readonly summary: string
  /** Packages of ours that its tests need, besides core and the command line. */
  readonly testedWith: readonly string[]
  /** It has options, and zod to check them. */
  readonly hasOptions: boolean
  /** It has a scenario that compares it with the usual strategy. */
  readonly isCompared: boolean
}

export const kinds = {
  picker: {
    title: 'a piece picker',
    summary: 'which piece to ask a peer for',
    testedWith: ['conformance', 'lab'],
    hasOptions: true,
    isCompared: true,
  },
  choker: {
    title: 'a choker',
    summary: 'whom to upload to',
    testedWith: ['conformance', 'lab'],
    hasOptions: false,
    isCompared: true,
  },
  storage: {
    title: 'a storage',
    summary: 'where the data lives',
    testedWith: ['conformance'],
    hasOptions: false,
    isCompared: false,
  },
  tracker: {
    title: 'a tracker client',
    summary: 'where addresses of peers come from',
    testedWith: ['conformance'],
    hasOptions: false,
    isCompared: false,
  },
  extension: {
    title: 'an extension message',
    summary: 'what peers say to each other besides',
    testedWith: ['conformance'],
    hasOptions: true,
    isCompared: false,
  },
  hooks: {
    title: 'a plugin of hooks',
    summary: 'watches and changes decisions of the engine',
    testedWith: ['piece-picker', 'storage-fs'],
    hasOptions: true,
    isCompared: false,
  },
} as const satisfies Record<string, KindFacts>

export const kindNames = Object.keys(kinds) as Kind[]

export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text)
}
