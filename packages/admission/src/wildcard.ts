/**
 * True when a text fits a pattern in which `*` stands for any characters and `?` for one; letters of either case are the
 * same. Takes time in proportion to the product of the lengths at most, whatever the pattern: the text comes from outside.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), text.toLowerCase()]
  let at = 0
  let step = 0
  let star = -1
  let starAt = 0
  while (at < given.length) {
    if (wanted[step] === '*') {
      star = step++
      starAt = at
    } else if (wanted[step] === '?' || (step < wanted.length && wanted[step] === given[at])) {
      step++
      at++
    } else if (star >= 0) {
      step = star + 1
      at = ++starAt
    } else {
      return false
    }
  }
  while (wanted[step] === '*') step++
  return step === wanted.length
}
