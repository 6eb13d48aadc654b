/**
 * Maps and sets that take next to no memory before something is put into them. V8 gives an empty `Map` or `Set` a table
 * of 120 to 150 bytes, and thousands of torrents that idle have a dozen each.
 */

export class LazyMap<K, V> {
  #map: Map<K, V> | undefined

  get size(): number {
    return this.#map?.size ?? 0
  }

  get(key: K): V | undefined {
    return this.#map?.get(key)
  }

  set(key: K, value: V): void {
    this.#map ??= new Map()
    this.#map.set(key, value)
  }

  delete(key: K): boolean {
    return this.#map?.delete(key) ?? false
  }

  keys(): Iterable<K> {
    return this.#map?.keys() ?? []
  }

  values(): Iterable<V> {
    return this.#map?.values() ?? []
  }
}

export class LazySet<T> {
  #set: Set<T> | undefined

  get size(): number {
    return this.#set?.size ?? 0
  }

  has(item: T): boolean {
    return this.#set?.has(item) ?? false
  }

  add(item: T): void {
    this.#set ??= new Set()
    this.#set.add(item)
  }

  delete(item: T): boolean {
    return this.#set?.delete(item) ?? false
  }

  clear(): void {
    this.#set?.clear()
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#set ?? [])[Symbol.iterator]()
  }
}
