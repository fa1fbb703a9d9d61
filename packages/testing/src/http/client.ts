import { connect, type Socket } from 'node:net'

/** Names and values; one name may stand there twice. */
export type Headers = readonly (readonly [name: string, value: string])[]

/** A request of the suite's. */
export interface Ask {
  readonly path: string
  /** Default GET. */
  readonly method?: string
  readonly headers?: Headers
  /** Sent a moment after the head, so that the server's events of it come later than its handler. */
  readonly body?: string
}

/** What was answered. */
export interface Reply {
  readonly status: number
  /** The statuses before it, such as 100. */
  readonly interim: readonly number[]
  /** Names in lower case; several of one name are joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One connection, kept alive. */
export interface HttpClient {
  /** Sends a request, at once; rejects where the connection ends before the response does. */
  ask(ask: Ask): Promise<Reply>
  /** Asks for another protocol. @returns all that is sent until the connection closes */
  upgrade(path: string, headers: Headers): Promise<string>
  /** Gives up all requests under way. */
  leave(): void
  /** Closes the connection, whatever is under way. */
  destroy(): void
}

/** Milliseconds between the head of a request and its body. */
export const BODY_DELAY = 10

interface Waiting {
  readonly method: string
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** Opens a connection of HTTP/1.1 that sends bytes as they are: no client tidies the headers up. Requests are pipelined. */
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
        // What comes from here on is not a response: nothing else reads it.
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

/** Takes the first response off a text, where it is whole. */
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
