/** Counts those of the objects that are over and yet live: what a leak looks like before it is a figure of memory. */
export class Survivors {
  #watched = []

  /** From here on nobody but a leak holds these. */
  add(...objects) {
    this.#watched.push(...objects.map((object) => new WeakRef(object)))
  }

  /** As of the last collection. Those that are gone are forgotten. */
  count() {
    this.#watched = this.#watched.filter((ref) => ref.deref() !== undefined)
    return this.#watched.length
  }
}
