import { broken, BrokenGuarantee, show } from './expect.js'

/** How long one call of an implementation may take before the suite says that it hangs. */
const patienceMs = 4_000

type Settled<T> = { readonly value: T } | { readonly error: unknown }

/** How it settled; fails naming `what` when that takes longer than any honest call would. */
async function settled<T>(promise: Promise<T>, what: string): Promise<Settled<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs)
  })
  const ended = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  const result = await Promise.race([ended, late])
  clearTimeout(timer)
  return result ?? broken(`${what} did not settle within ${patienceMs / 1_000} s`)
}

/** What it resolves with; fails naming `what` if it rejects, or hangs. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const result = await settled(promise, what)
  if ('value' in result) return result.value
  const { error } = result
  return error instanceof BrokenGuarantee
    ? Promise.reject(error)
    : broken(`${what} rejected with ${show(error)}`, error)
}

/** What a call rejects with; fails if it throws, resolves or hangs. */
export async function rejection(call: () => Promise<unknown>, what: string): Promise<unknown> {
  let promise: Promise<unknown>
  try {
    promise = call()
  } catch (error) {
    return broken(`${what} threw ${show(error)}, expected a rejected promise`, error)
  }
  const result = await settled(promise, what)
  return 'error' in result ? result.error : broken(`${what}: expected a rejection, came ${show(result.value)}`)
}
/** Lets the event loop go round, so that what is due happens. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Goes round until it holds; fails naming `what` when it does not come true. */
export async function until(holds: () => boolean, what: string, advance: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > endMs) broken(`${what} did not come within ${patienceMs / 1_000} s`)
    await advance()
  }
}
