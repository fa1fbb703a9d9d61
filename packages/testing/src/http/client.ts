import { connect, type Socket } from 'node:net'

/** Names and values of headers. A name may occur twice. */
export type Headers = readonly (readonly [name: string, value: string])[]

/** A request that the suite sends. */
export interface Ask {
  readonly path: string
  /** Default GET. */
  readonly method?: string
  readonly headers?: Headers
  /** Sent {@link BODY_DELAY} ms after the headers, so that the handler runs before the server's events of the body. */
  readonly body?: string
}

/** The response. */
export interface Reply {
  readonly status: number
  /** The statuses of interim responses, such as 100. */
  readonly interim: readonly number[]
  /** By name in lower case; several values of a name are joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A client with one connection, which is kept alive. */
export interface HttpClient {
  /** Sends a request at once. Rejects if the connection closes before the response is complete. */
  ask(ask: Ask): Promise<Reply>
  /** Asks for an upgrade. @returns everything that the server sends until the connection closes */
  upgrade(path: string, headers: Headers): Promise<string>
  /** Aborts all requests under way. */
  leave(): void
  /** Closes the connection at once. */
  destroy(): void
}

/** Time between the headers of a request and its body, in ms. */
export const BODY_DELAY = 10

interface Waiting {
  readonly method: string
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** Opens an HTTP/1.1 connection. It pipelines requests, and sends headers exactly as given, which Node's client does not. */
export async function openHttp1(port: number): Promise<HttpClient> {
  const socket = await connected(port)
  const waiting: Waiting[] = []
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    for (;;) {
      const taken = waiting[0] === undefined ? undefined : takeReply(text, waiting[0].method)
      if (taken === undefined) break
      text = taken.rest
      waiting.shift()?.resolve(taken.reply)
    }
  })
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the connection closed before the response was whole'))
  })
  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        waiting.push({ method: ask.method ?? 'GET', resolve, reject })
        send(socket, ask)
      }),
    upgrade: (path, headers) =>
      new Promise((resolve) => {
        // From here on the data is no response, so nothing else may read it.
        socket.removeAllListeners('data').on('data', (chunk: string) => {
          text += chunk
        })
        socket.on('close', () => resolve(text))
        send(socket, { path, headers: [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ...headers] })
      }),
    leave: () => void socket.destroy(),
    destroy: () => void socket.destroy(),
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.setNoDelay(true).on('error', reject)
  })
}

function send(socket: Socket, { path, method = 'GET', headers = [], body = '' }: Ask): void {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  socket.write([`${method} ${path} HTTP/1.1`, 'Host: localhost', ...length, ...lines, '', ''].join('\r\n'), 'latin1')
  if (body !== '') setTimeout(() => socket.write(body, 'latin1'), BODY_DELAY)
}

interface Taken<Value> {
  readonly reply: Value
  readonly rest: string
}

/** Takes the first response off a text. @returns undefined if it is not complete yet */
function takeReply(text: string, method: string, interim: readonly number[] = []): Taken<Reply> | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(first.split(' ')[1])
  const rest = text.slice(end + 4)
  if (status < 200) return takeReply(rest, method, [...interim, status])
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  const hasNone = method === 'HEAD' || status === 204 || status === 304
  const body = hasNone ? { reply: '', rest } : takeBody(rest, headers)
  return body === undefined ? undefined : { reply: { status, interim, headers, body: body.reply }, rest: body.rest }
}

function takeBody(text: string, headers: Readonly<Record<string, string>>): Taken<string> | undefined {
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(text)
  const length = Number(headers['content-length'] ?? 0)
  return text.length < length ? undefined : { reply: text.slice(0, length), rest: text.slice(length) }
}

function takeChunks(text: string): Taken<string> | undefined {
  let reply = ''
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(text.slice(at, end), 16)
    at = end + 2 + size + 2
    if (text.length < at) return undefined
    if (size === 0) return { reply, rest: text.slice(at) }
    reply += text.slice(end + 2, end + 2 + size)
  }
}
