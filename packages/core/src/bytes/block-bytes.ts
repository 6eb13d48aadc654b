/** A block is what peers ask each other for (BEP 3): 16 KiB, the last one of a piece may be shorter. */
export const blockBytes = 16_384
