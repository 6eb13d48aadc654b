/** What a bare program prints when it is done. */
export interface BareCost {
  readonly lengthBytes: number
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Begins a measurement of this process; the answer prints it as a line of JSON. */
export function startCost(): (lengthBytes: number) => void {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  return (lengthBytes) => {
    const { user, system } = process.cpuUsage(before)
    const cost: BareCost = {
      lengthBytes,
      seconds: (performance.now() - startedMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
    }
    console.log(JSON.stringify(cost))
  }
}
