import { expectThat, show } from '../kit/expect.js'
import { rejection } from '../kit/settle.js'
import { expectTrackerError, passkey, type TrackerBench, type TrackerGuarantee } from './bench.js'

/** What a client promises whether it asks a server or not. */
export const everyClient: readonly TrackerGuarantee[] = [
  {
    name: 'names its schemes, in lower case and without a colon',
    async run({ client: { schemes } }) {
      const isScheme = (scheme: string): boolean => /^[a-z][a-z0-9+.-]*$/.test(scheme)
      expectThat(schemes.length > 0 && schemes.every(isScheme), `its schemes are ${show(schemes)}`)
    },
  },
  {
    name: 'a URL of another scheme is a TrackerError',
    async run(bench) {
      await expectRefused(bench, `conformance-none://127.0.0.1:9/announce?passkey=${passkey}`)
    },
  },
  {
    name: 'a URL that means nothing is a TrackerError, without the passkey',
    async run(bench) {
      for (const scheme of bench.client.schemes) {
        await expectRefused(bench, `${scheme}://%%/announce?passkey=${passkey}`)
        await expectRefused(bench, `${scheme}://:99999/${passkey}`)
      }
    },
  },
  {
    name: 'nothing waits on the clock for a client that is closed',
    async run(bench) {
      await bench.announce(await bench.goodUrl())
      await bench.closeClient()
      expectThat(bench.clock.waiting === 0, `${bench.clock.waiting} timers wait after close`)
    },
  },
]

async function expectRefused(bench: TrackerBench, url: string): Promise<void> {
  const what = `an announce to ${url}`
  expectTrackerError(await rejection(() => bench.call(url), what), what)
}
