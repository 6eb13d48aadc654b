import { lookForNeeds, required } from './needs.js'

/** Vitest's global set-up of the project: says at the end of the run what could not be tried. */
export default function reportMissing(): () => void {
  const missing = lookForNeeds().allMissing()
  return () => {
    if (missing.length > 0 && !required) console.log(`interop: not installed: ${missing.join(', ')}`)
  }
}
