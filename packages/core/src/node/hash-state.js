import { createHash } from 'node:crypto'

const leafBytes = 16_384
const zeros = new Uint8Array(65_536)

/**
 * The hashes of one piece while its bytes come in order: SHA-1 over data and padding, and for BEP 52 the SHA-256 of each
 * 16 KiB leaf with the root over them. Plain JavaScript, so that a worker thread can load it from the sources as well.
 */
export class HashState {
  /** @param {import('../ports/hasher.js').HashPlan} plan */
  constructor(plan) {
    this.plan = plan
    this.sha1 = plan.sha1 ? createHash('sha1') : undefined
    /** @type {Buffer[]} */
    this.leaves = []
    this.leaf = plan.leaves ? createHash('sha256') : undefined
    this.leafFill = 0
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.sha1?.update(bytes)
    if (this.leaf === undefined) return
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + leafBytes - this.leafFill)
      this.leaf.update(part)
      this.leafFill += part.length
      at += part.length
      if (this.leafFill === leafBytes) this.#endLeaf()
    }
  }

  #endLeaf() {
    if (this.leaf === undefined || this.leafFill === 0) return
    this.leaves.push(this.leaf.digest())
    this.leaf = createHash('sha256')
    this.leafFill = 0
  }

  /** @returns {import('../ports/hasher.js').Digests} */
  finish() {
    for (let left = this.plan.zeroTailBytes; left > 0; left -= zeros.length) this.sha1?.update(zeros.subarray(0, left))
    this.#endLeaf()
    const sha1 = this.sha1 === undefined ? {} : { sha1: new Uint8Array(this.sha1.digest()) }
    if (!this.plan.leaves) return sha1
    return { ...sha1, leaves: new Uint8Array(Buffer.concat(this.leaves)), root: this.#root() }
  }

  #root() {
    const count = this.plan.leafCount ?? 2 ** Math.ceil(Math.log2(Math.max(1, this.leaves.length)))
    /** @type {Uint8Array[]} */
    let layer = Array.from({ length: count }, (_, index) => this.leaves[index] ?? new Uint8Array(32))
    while (layer.length > 1) {
      /** @type {Uint8Array[]} */
      const above = []
      for (let index = 0; index < layer.length; index += 2) {
        const pair = createHash('sha256').update(layer[index] ?? new Uint8Array(32))
        above.push(pair.update(layer[index + 1] ?? new Uint8Array(32)).digest())
      }
      layer = above
    }
    return new Uint8Array(layer[0] ?? new Uint8Array(32))
  }
}
