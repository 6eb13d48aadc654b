import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

/** Where the metrics are served. */
export interface MetricsEndpoint {
  readonly url: string
  close(): Promise<void>
}

/** Serves `GET /metrics`, and nothing else. @throws the system's error when the address cannot be listened at */
export async function serveMetrics(registry: Registry, at: { host: string; port: number }): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => void answer(registry, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : at.port
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  return {
    url: `http://${host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(registry: Registry, { method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const end = (status: number, type: string, text: string): void =>
    void response.writeHead(status, { 'content-type': type }).end(method === 'HEAD' ? undefined : text)
  if (url?.split('?', 1)[0] !== '/metrics') return end(404, 'text/plain', 'The metrics are at /metrics\n')
  if (method !== 'GET' && method !== 'HEAD') return end(405, 'text/plain', 'GET and HEAD only\n')
  end(200, registry.contentType, await registry.metrics())
}
