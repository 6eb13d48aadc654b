import { trackerConformance } from '@bitloom/conformance'
import { serveHttpTracker } from '@bitloom/conformance/node'
import { describe, it } from 'vitest'
import { httpTracker } from '../src/http-tracker.js'
import { resolverOf } from './fakes.js'

trackerConformance(
  { describe, it },
  {
    title: 'TrackerClient http',
    client: (clock) => httpTracker({ resolver: resolverOf(), clock, environment: {} }, {}),
    serve: serveHttpTracker,
  },
)
