// A tracker in a bad mood: it refuses, answers with 500, with a page, with noise, or never; until it is good again.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'

export const badMoods = [
  'refuses connections',
  'answers with 500',
  'answers with a page',
  'answers with noise',
  'hangs',
]

/** An HTTP tracker that tells of `peers()`, `[{ host, port }]`, when its mood is good; `asked` hears of its mood each time. */
export async function moodyTracker(peers, asked) {
  let mood = 'good'
  const answers = {
    good: (response) => response.end(goodAnswer(peers())),
    'answers with 500': (response) => response.writeHead(500).end('internal server error'),
    'answers with a page': (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
    'answers with noise': (response) => response.end(randomBytes(500)),
    hangs: () => {},
  }
  const server = createServer((_request, response) => answers[mood](response))
  server.on('connection', (socket) => {
    asked(mood)
    if (mood === 'refuses connections') socket.resetAndDestroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/announce`,
    /** Whoever waits for an answer of the mood before waits no longer. */
    become: (next) => {
      mood = next
      server.closeAllConnections()
    },
    close: () => (server.closeAllConnections(), server.close()),
  }
}

/** BEP 3 with compact peers (BEP 23). */
function goodAnswer(peers) {
  const compact = Buffer.concat(
    peers.map(({ host, port }) => Buffer.from([...host.split('.').map(Number), port >> 8, port & 255])),
  )
  return Buffer.concat([Buffer.from(`d8:intervali1800e5:peers${compact.length}:`), compact, Buffer.from('e')])
}
