import http, { Agent, type ClientRequest } from 'node:http'
import net from 'node:net'
import type { Form } from './differential-stand.js'
import { get, plain } from './outgoing-form.js'

function byAgent(options: object, more: object = {}): Form {
  return async (at) => {
    const agent = new Agent(options)
    await at.go(() => http.request(plain(at, { agent, ...more })))
    agent.destroy()
  }
}

/** An agent that is not Node's. */
class OwnAgent {
  readonly defaultPort = 80
  readonly protocol = 'http:'

  addRequest(request: ClientRequest, { port }: { port: number }): void {
    request.onSocket(net.connect(port))
  }
}

class FailingAgent {
  addRequest(request: ClientRequest): void {
    // agent-base does this up to version 6: no `close` is ever emitted.
    setImmediate(() => request.emit('error', new RangeError('no way')))
  }
}

class Subclass extends Agent {
  override createConnection(...args: Parameters<Agent['createConnection']>) {
    return super.createConnection(...args)
  }
}

/** Requests that differ in how they are connected. */
export const AGENTS: Readonly<Record<string, Form>> = {
  none: get({ agent: false }),
  null: get({ agent: null }),
  'one of its own': byAgent({}),
  'kept alive': async (at) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let time = 0; time < 3; time++) await at.go(() => http.request(plain(at, { agent })))
    agent.destroy()
  },
  'that queues': async (at) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await Promise.all(['/a', '/b', '/c'].map((path) => at.go(() => http.request(plain(at, { agent, path })))))
    agent.destroy()
  },
  'that queues what is then dropped': async (at) => {
    const agent = new Agent({ maxSockets: 1 })
    await Promise.all([
      at.go(() => http.request(plain(at, { agent }))),
      at.go(
        () => http.request(plain(at, { agent })),
        (request) => request.destroy(),
      ),
    ])
  },
  'with options': async (at) => {
    const agent = new Agent({ port: at.port })
    await at.go(() => http.request({ host: 'nowhere.invalid', path: '/ok', agent }))
  },
  'with a socket path': (at) => byAgent({ socketPath: at.socketPath })(at),
  'of a class': async (at) => at.go(() => http.request(plain(at, { agent: new Subclass() }))),
  "of somebody else's": get({ agent: new OwnAgent() }),
  'that fails': get({ agent: new FailingAgent() }),
  'that throws': get({
    agent: {
      addRequest() {
        throw new RangeError('mine')
      },
    },
  }),
  createConnection: (at) =>
    at.go(() => http.request({ path: '/ok', createConnection: () => net.connect({ port: at.port }) })),
  'createConnection by a callback': (at) =>
    at.go(() =>
      http.request({
        path: '/ok',
        createConnection: (_options, done) => {
          const socket = net.connect({ port: at.port }, () => done(null, socket))
          return undefined
        },
      }),
    ),
  'createConnection that fails': get({
    createConnection: (_options: unknown, done: (error: Error) => void) => done(new RangeError('mine')),
  }),
  'createConnection that throws': get({
    createConnection() {
      throw new RangeError('mine')
    },
  }),
  'createConnection and an agent': byAgent({}, { createConnection: () => undefined }),
  'a socket path': (at) => at.go(() => http.request({ socketPath: at.socketPath, path: '/ok' })),
  'a socket path that is not there': (at) =>
    at.go(() => http.request({ socketPath: `${at.socketPath}x`, path: '/ok' })),
  lookup: get({
    host: 'a.invalid',
    lookup: (
      _host: string,
      options: { all?: boolean },
      done: (error: null, address: unknown, family?: number) => void,
    ) => (options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)),
  }),
  'a lookup that fails': get({
    host: 'a.invalid',
    lookup: (_host: string, _options: object, done: (error: Error) => void) => done(new RangeError('mine')),
  }),
  'a lookup that throws': get({
    host: 'a.invalid',
    lookup() {
      throw new RangeError('mine')
    },
  }),
  'a family': get({ host: 'localhost', family: 4 }),
  'a port where nobody listens': get({ port: 1 }),
}

function onResponse(act: (request: ClientRequest, response: http.IncomingMessage) => void): (r: ClientRequest) => void {
  return (request) => request.on('response', (response) => act(request, response)).end()
}

/** A timeout that does not pass by itself, in ms. */
const LONG = 600_000

/** A request whose timeout passes as soon as the request has arrived, however slow the machine is. */
function timingOut(options: object, prepare: (request: ClientRequest) => ClientRequest): Form {
  return async (at) => {
    const arrival = at.arrival()
    await get({ path: '/never', ...options }, (request) => {
      void arrival.then(() => request.socket?.setTimeout(1))
      prepare(request).end()
    })(at)
  }
}

/** Requests that differ in how they end. */
export const ENDS: Readonly<Record<string, Form>> = {
  'destroyed at once': get({}, (request) => request.destroy()),
  'destroyed at once by an error': get({}, (request) => request.destroy(new RangeError('mine'))),
  'destroyed once sent': get({ path: '/never' }, (request) => request.on('finish', () => request.destroy()).end()),
  'destroyed amid the body': get(
    { path: '/half' },
    onResponse((request) => request.destroy()),
  ),
  'destroyed amid the body by an error': get(
    { path: '/half' },
    onResponse((request) => request.destroy(new RangeError('a'))),
  ),
  'destroyed twice': get({}, (request) => request.destroy().destroy(new RangeError('mine'))),
  'aborted at once': get({}, (request) => request.abort()),
  'aborted amid the body': get(
    { path: '/half' },
    onResponse((request) => request.abort()),
  ),
  'its response destroyed': get(
    { path: '/half' },
    onResponse((_request, response) => response.destroy()),
  ),
  'its socket destroyed': get(
    { path: '/half' },
    onResponse((request) => request.socket?.destroy()),
  ),
  'its response paused, then read': get(
    {},
    onResponse((_request, response) => setTimeout(() => response.pause().resume(), 5)),
  ),
  'a signal that was aborted': get({ signal: AbortSignal.abort() }),
  'a signal': (at) => {
    const abort = new AbortController()
    return get(
      { signal: abort.signal, path: '/half' },
      onResponse(() => abort.abort()),
    )(at)
  },
  'an invalid signal': get({ signal: {} }),
  'a timeout': timingOut({ timeout: LONG }, (request) => request.on('timeout', () => request.destroy())),
  'a timeout that is set': timingOut({}, (request) => request.setTimeout(LONG, () => request.destroy())),
  "an agent's timeout": (at) =>
    timingOut({ agent: new Agent({ timeout: LONG }) }, (request) => request.on('timeout', () => request.destroy()))(at),
  reset: get({ path: '/reset' }),
  cut: get({ path: '/cut' }),
  'not HTTP': get({ path: '/garbage' }),
  'early hints': get({ path: '/hints' }),
  redirected: get({ path: '/moved' }),
  HEAD: get({ method: 'HEAD' }),
  204: get({ path: '/empty' }),
  304: get({ path: '/same' }),
  upgraded: get({ headers: { Connection: 'Upgrade', Upgrade: 'x' } }, (request) =>
    request.on('upgrade', (_response, socket) => socket.on('error', () => {}).resume()).end(),
  ),
  'upgraded unasked': get({ headers: { Connection: 'Upgrade', Upgrade: 'x' } }),
  'a tunnel': get({ method: 'CONNECT', path: 'a:443' }, (request) =>
    request.on('connect', (_response, socket) => socket.on('error', () => {}).resume()).end(),
  ),
  'a tunnel unasked': get({ method: 'connect', path: 'a:443' }),
  'a reused connection that is reset': async (at) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await at.go(() => http.request(plain(at, { agent })))
    await at.go(() => http.request(plain(at, { agent, path: '/reset' })))
    await at.go(() => http.request(plain(at, { agent })))
    agent.destroy()
  },
  'all listeners taken off': (at) =>
    at.go(
      () => http.request(plain(at)),
      (request) =>
        request
          .removeAllListeners()
          .on('response', (response) => response.resume())
          .end(),
    ),
  'as many listeners as Node takes': get({}, (request) => {
    for (let n = 0; n < 10; n++) request.on('close', () => {}).on('timeout', () => {})
    request.end()
  }),
}
