/**
 * Waits for `work`, but no longer than until `signal` aborts: then it rejects, whether or not the work heeds the signal.
 * What such work still brings goes to `late`, which may close it; its failure is nobody's any more.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new Error('it was ended', { cause: signal.reason }))
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', aborted)
        if (signal.aborted) late(value)
        else resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', aborted)
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}
