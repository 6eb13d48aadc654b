/** Servers on 127.0.0.1 that suites need, made of Node's sockets. */
export { serveHttpTracker } from './http-tracker.js'
export { serveUdpTracker } from './udp-tracker.js'
