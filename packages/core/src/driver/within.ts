import type { Clock } from '../ports/clock.js'

/**
 * Waits for `work`, but not longer than `ms`: then it rejects with what `late` says, and nobody hears of the work again.
 * Work that is done at once needs no timer.
 */
export async function within<T>(clock: Clock, ms: number, work: T | Promise<T>, late: () => Error): Promise<T> {
  if (!(typeof work === 'object' && work !== null && 'then' in work)) return work
  let cancel = (): void => {}
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(late()))
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    cancel()
  }
}
