import { once } from 'node:events'
import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What a program sees of its requests, and what the server gets. */
export interface Seen {
  /** In order: errors thrown, events with their number of listeners, and the notes of the form itself. */
  readonly log: readonly string[]
  /** All bytes of each connection. Connections without any are left out, since they are opened by chance. */
  readonly bytes: readonly string[]
}

/** What a form of request can use. */
export interface Stand {
  readonly port: number
  readonly socketPath: string
  note(what: string): void
  /** Resolves when the server gets the next request. */
  arrival(): Promise<void>
  /** Makes a request, and waits for its end. */
  go(make: () => ClientRequest, drive?: (request: ClientRequest) => void): Promise<void>
}

/** Makes requests in one way. */
export type Form = (stand: Stand) => Promise<unknown>

/** A server that answers by the path, and keeps the bytes that arrive. */
export class RawServer {
  readonly #servers = [http.createServer(), http.createServer()] as const
  #bytes: string[] = []
  #socketPath = ''

  async listen(socketPath: string): Promise<void> {
    for (const server of this.#servers) {
      server.on('connection', (socket) => this.#tap(socket))
      server.on('request', answer).on('checkContinue', answer)
      server.on('clientError', (_error, socket) => socket.destroy())
      server.on('connect', (_req, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
      server.on('upgrade', (_req, socket) => {
        socket
          .on('error', () => {})
          .end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      })
    }
    await Promise.all([
      once(this.#servers[0].listen(0), 'listening'),
      once(this.#servers[1].listen(socketPath), 'listening'),
    ])
    this.#socketPath = socketPath
  }

  close(): void {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  /** Runs a form. Resolves to what was seen. */
  async see(form: Form): Promise<Seen> {
    this.#bytes = []
    const log: string[] = []
    const note = (what: string): void => void log.push(what)
    const onWarning = (warning: Error): void => note(`warning ${describe(warning)}`)
    process.on('warning', onWarning)
    const { port } = this.#servers[0].address() as AddressInfo
    const go: Stand['go'] = async (make, drive = (request) => request.end()) => {
      try {
        const request = make()
        const closed = watch(request, note)
        request.on('response', (response) => response.on('error', () => {}).resume()).on('error', () => {})
        try {
          drive(request)
        } catch (error) {
          note(`throws ${describe(error)}`)
        }
        await closed
      } catch (error) {
        note(`throws ${describe(error)}`)
      }
    }
    const arrival = async (): Promise<void> => void (await once(this.#servers[0], 'request'))
    await form({ port, socketPath: this.#socketPath, note, arrival, go })
    http.globalAgent.destroy()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    return { log, bytes: this.#bytes.filter((text) => text !== '').toSorted() }
  }

  #tap(socket: Socket): void {
    const at = this.#bytes.push('') - 1
    const bytes = this.#bytes
    socket.on('data', (chunk: Buffer) => {
      bytes[at] += chunk.toString('latin1')
    })
  }
}

/** Notes the events of a request. @returns a promise that resolves at its end */
function watch(request: ClientRequest, note: (what: string) => void): Promise<void> {
  const listeners = () => request.eventNames().map((name) => `${String(name)}=${request.listenerCount(name)}`)
  note(`made ${listeners().join(' ')} headers ${request.headersSent ? 'sent' : request.getHeaderNames().join(' ')}`)
  return new Promise((resolve) => {
    const { emit } = request
    request.emit = (name: string | symbol, ...args: unknown[]) => {
      note(`${String(name)} ${args.map(describe).join(' ')} ${listeners().join(' ')}`)
      if (name === 'response') watchResponse(args[0] as IncomingMessage, note)
      const isHeard = Reflect.apply(emit, request, [name, ...args])
      // Node emits no `close` if there was no socket.
      if (name === 'close' || (name === 'error' && !request.socket)) setTimeout(resolve, 5)
      return isHeard
    }
  })
}

/** How a body is split into chunks is a matter of chance. */
const BY_CHANCE = new Set<unknown>(['data', 'readable', 'pause', 'resume'])

function watchResponse(response: IncomingMessage, note: (what: string) => void): void {
  const { emit } = response
  response.emit = (name: string | symbol, ...args: unknown[]) => {
    if (!BY_CHANCE.has(name)) note(`response ${String(name)} ${args.map(describe).join(' ')}`)
    return Reflect.apply(emit, response, [name, ...args])
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value
  const [name, code, message, status] = ['name', 'code', 'message', 'statusCode'].map((key) =>
    Reflect.get(Object(value), key),
  )
  if (message !== undefined && status === undefined) return `${name} ${code} ${message}`
  return status === undefined ? typeof value : String(status)
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  const [, path] = /^(?:https?:\/\/[^/]*)?(\/\w*)/.exec(req.url ?? '') ?? []
  if (path === '/never') return
  if (path === '/reset') return void req.socket.resetAndDestroy()
  if (path === '/half') return void res.writeHead(200, { 'Content-Length': 100 }).write('half')
  if (path === '/cut') {
    res.writeHead(200, { 'Content-Length': 100 }).write('half')
    return void setTimeout(() => res.destroy(), 5)
  }
  if (path === '/garbage') return void req.socket.end('no HTTP at all\r\n\r\n')
  if (path === '/hints') res.writeEarlyHints({ link: '</a>; rel=preload' })
  if (req.headers.expect !== undefined) res.writeContinue()
  const status = path === '/empty' ? 204 : path === '/same' ? 304 : path === '/moved' ? 302 : 200
  req
    .resume()
    .on('end', () =>
      res.writeHead(status, path === '/moved' ? { Location: '/ok' } : {}).end(status === 200 ? 'ok' : undefined),
    )
}
