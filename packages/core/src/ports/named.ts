/** An implementation of a port of which there are many: a torrent chooses one by its name. */
export interface Named {
  readonly name: string
  /** Where the strategy is described: a paper, a BEP, another client. Told by `session.describe()`. */
  readonly source?: string
  /** Never the default: used only where it is asked for by name, however early its plugin is loaded. */
  readonly onlyByName?: boolean
}
