// What goes wrong in a soak: switches that the injectors look at. All of them are off between rounds.
import { Datagram, pluginContract, Transport, wrapStorage } from '@bitloom/core'

/** The switches; counts run down to the call that fails. What has them also has `hits`: how often each fault came. */
export function faultSwitches() {
  return {
    /** The seeder that may lie flips a bit in each run of bytes that it serves. */
    lies: false,
    /** Which call of a file from now on fails, as open, write, readv and datasync are counted together. */
    fileCallFailsIn: Infinity,
    /** Which write of a socket breaks its connection. */
    socketWriteFailsIn: Infinity,
    /** What a write to the disk waits for. */
    msPerMiB: 0,
    /** How many of a hundred datagrams are lost. */
    lostPercent: 0,
  }
}

/** Counts a fault that came. */
export function hit({ hits }, fault) {
  hits[fault] = (hits[fault] ?? 0) + 1
}

/** The ports of a machine whose sockets break and whose datagrams are lost. */
export function faultyPorts(ports, switches, random) {
  return {
    ...ports,
    bind: (bindings) => {
      const value = (port, found) => {
        if (port === Transport) bindings.value(port, breaking(found, switches))
        else if (port === Datagram) bindings.value(port, losing(found, switches, random))
        else bindings.value(port, found)
      }
      ports.bind({ ...bindings, value })
    },
  }
}

function breaking(transport, switches) {
  const wrap = (connection) => {
    const { write, onClose } = connection
    let closed = () => {}
    connection.onClose = (sink) => onClose.call(connection, (closed = sink))
    connection.write = (bytes, done) => {
      if (--switches.socketWriteFailsIn !== 0) return write.call(connection, bytes, done)
      hit(switches, 'a write of a socket fails')
      connection.close()
      queueMicrotask(() => (done(), closed(new Error('broken on purpose'))))
      return false
    }
    return connection
  }
  return {
    schemes: transport.schemes,
    dial: async (...args) => wrap(await transport.dial(...args)),
    listen: (at, accept) => transport.listen(at, (connection) => accept(wrap(connection))),
  }
}

function losing(datagram, switches, random) {
  const isLost = () => {
    if (random.below(100) >= switches.lostPercent) return false
    hit(switches, 'datagrams are lost')
    return true
  }
  return {
    open: async (at) => {
      const socket = await datagram.open(at)
      return {
        at: socket.at,
        send: (...args) => void (isLost() || socket.send(...args)),
        onMessage: (sink) => socket.onMessage((...args) => void (isLost() || sink(...args))),
        onError: (sink) => socket.onError(sink),
        close: () => socket.close(),
      }
    },
  }
}

/** A disk of which one call fails. */
export function faultyFiles(files, switches) {
  const count = (call) => {
    if (--switches.fileCallFailsIn !== 0) return
    hit(switches, 'a call of a file fails')
    throw Object.assign(new Error('EIO: on purpose'), { code: 'EIO', syscall: call })
  }
  return {
    ...files,
    open: async (...args) => {
      count('open')
      const file = await files.open(...args)
      return {
        write: async (...call) => (count('write'), file.write(...call)),
        readv: async (...call) => (count('read'), file.readv(...call)),
        datasync: async () => (count('fdatasync'), file.datasync()),
        sync: () => file.sync(),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    },
  }
}

/** A storage that lies about what it serves, and that is slow. */
export function faultyStorage(storage, name, switches, mayLie) {
  return {
    ...storage,
    name,
    open: async (...args) => {
      const handle = await storage.open(...args)
      return wrapStorage(handle, {
        read: async (piece, begin, into, purpose) => {
          await handle.read(piece, begin, into, purpose)
          if (!mayLie || !switches.lies || purpose !== 'serve') return
          hit(switches, 'a liar')
          for (const bytes of into) bytes[0] ^= 1
        },
        write: async (piece, begin, bytes) => {
          const waitMs = (switches.msPerMiB * bytes.length) / 1_048_576
          if (waitMs > 0) {
            hit(switches, 'a slow disk')
            await new Promise((resolve) => setTimeout(resolve, waitMs))
          }
          await handle.write(piece, begin, bytes)
        },
      })
    },
  }
}

const ways = {
  throws: () => {
    throw new Error('on purpose')
  },
  rejects: () => Promise.reject(new Error('on purpose')),
  'never answers': () => new Promise(() => {}),
}

/** All but `acceptPeer`: where that fails, everybody is kept out, as is promised. */
const hooks = ['announce', 'pickPiece', 'storeBlock', 'chokeDecision', 'showHaves', 'torrentAdded', 'torrentRemoved']
const watched = [
  'peerConnected',
  'peerDisconnected',
  'peerHas',
  'pieceVerified',
  'completed',
  'announced',
  'torrentFailed',
]

/** A plugin that is at fault in every hook, in the n-th way. */
export function faultyPlugin(n, switches) {
  const chosen = Object.values(ways)[n % Object.keys(ways).length]
  const fail = () => {
    hit(switches, 'a plugin at fault')
    return chosen()
  }
  return {
    name: 'at-fault',
    contract: pluginContract,
    apply: (host) => {
      for (const name of [...hooks, ...watched]) host.hooks[name].tap(fail)
    },
  }
}
