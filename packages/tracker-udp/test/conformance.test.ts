import { trackerConformance } from '@bitloom/conformance'
import { serveUdpTracker } from '@bitloom/conformance/node'
import { systemDatagram, systemRandom, systemResolver } from '@bitloom/core/node'
import { describe, it } from 'vitest'
import { udpTracker } from '../src/udp-tracker.js'

const ports = { datagram: systemDatagram(), resolver: systemResolver(), random: systemRandom() }

trackerConformance(
  { describe, it },
  { title: 'TrackerClient udp', client: (clock) => udpTracker({ ...ports, clock }, {}), serve: serveUdpTracker },
)
