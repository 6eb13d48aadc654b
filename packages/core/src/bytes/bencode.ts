/**
 * Bencode as it arrives from outside. Dictionaries are maps from *byte strings as Latin-1 text* (one character per byte)
 * to values: binary keys survive and `__proto__` is an ordinary key. Strings are views into the input, never copies.
 */
export type BencodeValue = number | Uint8Array | readonly BencodeValue[] | Dict
export type Dict = ReadonlyMap<string, BencodeValue>
