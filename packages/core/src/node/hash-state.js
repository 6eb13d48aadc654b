import { createHash } from 'node:crypto'

const leafBytes = 16_384
const nodeBytes = 32
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
    /** @type {Uint8Array[]} */
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
    // Copies: a digest of Node may be a view into a pool that everyone shares.
    const sha1 = this.sha1 === undefined ? {} : { sha1: new Uint8Array(this.sha1.digest()) }
    if (!this.plan.leaves) return sha1
    return { ...sha1, leaves: new Uint8Array(Buffer.concat(this.leaves)), root: new Uint8Array(this.#root()) }
  }

  /** Layer by layer, without making the missing leaves: `missing` is the root of a subtree of none. */
  #root() {
    let layer = this.leaves
    /** @type {Uint8Array} */
    let missing = new Uint8Array(nodeBytes)
    for (let width = this.plan.leafCount ?? 1; width > 1 || layer.length > 1; width /= 2) {
      /** @type {Uint8Array[]} */
      const above = []
      for (let at = 0; at < layer.length; at += 2) above.push(hashPair(layer[at] ?? missing, layer[at + 1] ?? missing))
      layer = above
      missing = hashPair(missing, missing)
    }
    return layer[0] ?? missing
  }
}

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
function hashPair(left, right) {
  return createHash('sha256').update(left).update(right).digest()
}
