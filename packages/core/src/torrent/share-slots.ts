/** A torrent that wants upload slots. */
export interface SlotDemand {
  readonly torrentId: string
  /** Its peers that are interested in us. */
  readonly interested: number
}

/**
 * Shares the session's upload slots among torrents: one each in turn, in the order given, until the slots or the
 * interested peers run out. So nobody gets a second one before everybody has a first one, and none stays unused.
 * With fewer slots than torrents the last ones get 0: let the caller rotate the order.
 */
export function shareSlots(total: number, demands: readonly SlotDemand[]): ReadonlyMap<string, number> {
  const slots = new Map(demands.map(({ torrentId }) => [torrentId, 0]))
  let hungry = demands.filter(({ interested }) => interested > 0)
  let left = total
  while (left > 0 && hungry.length > 0) {
    const least = Math.min(...hungry.map(({ torrentId, interested }) => interested - (slots.get(torrentId) ?? 0)))
    const each = Math.max(1, Math.min(least, Math.floor(left / hungry.length)))
    for (const { torrentId } of hungry) {
      const given = Math.min(each, left)
      slots.set(torrentId, (slots.get(torrentId) ?? 0) + given)
      left -= given
    }
    hungry = hungry.filter(({ torrentId, interested }) => interested > (slots.get(torrentId) ?? 0))
  }
  return slots
}
