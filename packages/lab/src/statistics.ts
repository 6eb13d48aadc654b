/** A mean over seeds with its confidence interval. */
export interface Estimate {
  /** How many seeds gave a value. */
  readonly n: number
  readonly mean: number
  /** Ends of the 95 % interval; absent with fewer than two values, which tell nothing about their spread. */
  readonly low?: number
  readonly high?: number
}

/** How sure the intervals are. */
export const confidence = 0.95

/** The arithmetic mean. NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The sample standard deviation (n − 1 in the denominator). NaN of fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))
}

/**
 * The smallest value that at least the share `p` of all values does not exceed: type 1 of Hyndman and Fan, "Sample
 * quantiles in statistical packages" (1996), the inverse of the drawn distribution. `undefined` where it is infinite,
 * so peers that never came to the end can be given as `Infinity`.
 */
export function quantile(values: readonly number[], p: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(p * sorted.length - 1e-9) - 1)]
  return found === undefined || !Number.isFinite(found) ? undefined : found
}

/**
 * Jain's index (Σx)² / (n Σx²): 1 when all have the same, 1/n when one has all. Jain, Chiu, Hawe, "A quantitative
 * measure of fairness and discrimination for resource allocation in shared computer systems" (DEC TR-301, 1984).
 * `undefined` when nobody has anything.
 */
export function jain(values: readonly number[]): number | undefined {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value ** 2, 0)
  return squares === 0 ? undefined : sum ** 2 / (values.length * squares)
}

/** The mean of independent values with the interval of Student's t. `undefined` of nothing. */
export function estimate(values: readonly number[]): Estimate | undefined {
  const n = values.length
  if (n === 0) return undefined
  const middle = mean(values)
  if (n === 1) return { n, mean: middle }
  const half = (studentT(1 - (1 - confidence) / 2, n - 1) * standardDeviation(values)) / Math.sqrt(n)
  return { n, mean: middle, low: middle - half, high: middle + half }
}

/**
 * The mean of `values[i] - others[i]` with its interval: a paired t interval, for two strategies that met the same
 * seeds. Pairs that lack a side are left out.
 */
export function estimateDifference(
  values: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): Estimate | undefined {
  const differences = values.flatMap((value, index) => {
    const other = others[index]
    return value === undefined || other === undefined ? [] : [value - other]
  })
  return estimate(differences)
}

/** True where the interval of a difference leaves zero out. */
export function isClear(difference: Estimate | undefined): boolean {
  if (difference?.low === undefined || difference.high === undefined) return false
  return difference.low > 0 || difference.high < 0
}

/**
 * The quantile `p` (0.5 … 1) of Student's t with `degrees` of freedom, by bisection of its distribution function; right to
 * nine digits.
 */
export function studentT(p: number, degrees: number): number {
  let low = 0
  let high = 1
  while (studentTShare(high, degrees) < p) high *= 2
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2
    if (studentTShare(middle, degrees) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The share of Student's t below `t` ≥ 0. */
function studentTShare(t: number, degrees: number): number {
  return 1 - incompleteBeta(degrees / (degrees + t ** 2), degrees / 2, 0.5) / 2
}

/** The regularised incomplete beta function, by its continued fraction (Press et al., "Numerical recipes", 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b))
  const isLeft = x < (a + 1) / (a + b + 2)
  return isLeft ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b
}

/** Lentz's method; the fraction converges within tens of steps on its side of the mean. */
function betaFraction(x: number, a: number, b: number): number {
  const least = 1e-300
  const kept = (value: number): number => (Math.abs(value) < least ? least : value)
  let c = 1
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / kept(1 + even * d)
    c = kept(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / kept(1 + odd * d)
    c = kept(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return result
}

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b)

/** Lanczos' approximation of ln Γ (g = 7, nine terms). */
function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const t = x + 6.5
  const sum = terms.reduce((total, term, index) => total + term / (x + index), 0.9999999999998099)
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}
