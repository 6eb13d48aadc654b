/** An implementation of a port of which there are many: a torrent chooses one by its name. */
export interface Named {
  readonly name: string
  /** Never the default: used only where it is asked for by name, however early its plugin is loaded. */
  readonly onlyByName?: boolean
}
