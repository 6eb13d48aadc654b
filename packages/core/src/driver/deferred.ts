/** A promise that is settled from outside. A rejection that nobody awaits is no fault: it is told by other means too. */
export interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: Error): void
}

export function deferred(): Deferred {
  let settle = { resolve: (): void => {}, reject: (_error: Error): void => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {})
  return { promise, ...settle }
}
