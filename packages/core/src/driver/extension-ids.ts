/** BEP 10 ids are one byte, and 0 is the handshake. */
const highestId = 255

/**
 * Our message ids of one torrent (BEP 10, "m"). A name keeps its id for the life of the torrent, and no other name ever gets
 * it: a peer that has not heard yet that an extension went, or came back, still speaks of the right one.
 */
export class ExtensionIds {
  readonly #ids = new Map<string, number>()
  readonly #names = new Map<number, string>()

  /** `undefined` when all ids are given away. */
  of(name: string): number | undefined {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#ids.size + 1
    if (id > highestId) return undefined
    this.#ids.set(name, id)
    this.#names.set(id, name)
    return id
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id)
  }

  /** What a handshake says: the ids of those that are there, and 0 for all that were there once. */
  messages(names: readonly string[]): ReadonlyMap<string, number> {
    const messages = new Map([...this.#ids.keys()].map((name) => [name, 0]))
    for (const name of names) {
      const id = this.of(name)
      if (id !== undefined) messages.set(name, id)
    }
    return messages
  }
}
