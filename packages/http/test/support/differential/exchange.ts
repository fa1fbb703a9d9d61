import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectSocket } from 'node:net'

/** A request, without its path. */
export interface Ask {
  readonly method?: string
  /** The version of HTTP. Default 1.1. */
  readonly version?: string
  readonly headers?: readonly string[]
  readonly body?: string
  /** The server must close the connection after the response. */
  readonly isLast?: boolean
}

export interface Client {
  /** @returns all bytes of the response; with HTTP/2 its headers and the rest, as lines */
  ask(path: string, ask: Ask): Promise<string>
  close(): void
}

/** The body of the response to the last request on a connection. */
export const LAST = 'the last of this connection'

export function connect(port: number, isHttp2: boolean): Client {
  return isHttp2 ? http2Client(port) : { ask: (path, ask) => exchange(port, path, ask), close: () => {} }
}

/**
 * Sends a request, and another right behind it. The second shows where the first response ends, and whether the connection stays
 * open.
 */
function exchange(port: number, path: string, ask: Ask): Promise<string> {
  const { method = 'GET', version = '1.1', headers = [], body = '' } = ask
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const first = [`${method} ${path} HTTP/${version}`, 'Host: a', ...length, ...headers, '', body].join('\r\n')
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      if (text.includes(LAST)) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.write(
      ask.isLast === true ? first : `${first}GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      'latin1',
    )
  })
}

function http2Client(port: number): Client {
  let session: ClientHttp2Session | undefined
  const ask = async (path: string, { method = 'GET', headers = [], body = '' }: Ask): Promise<string> => {
    const fields = Object.fromEntries(headers.map((line) => line.toLowerCase().split(': ')))
    // Some responses end the session, not only their stream.
    if (session === undefined || session.closed || session.destroyed) session = await openSession(port)
    const stream = session.request({ ':path': path, ':method': method, ...fields }, { endStream: body === '' })
    const lines: string[] = []
    const note = (what: string) => (_headers: unknown, _flags: unknown, raw: unknown) => {
      const list: readonly unknown[] = Array.isArray(raw) ? raw : []
      for (let at = 0; at < list.length; at += 2) lines.push(`${what}${String(list[at])}: ${String(list[at + 1])}`)
    }
    stream.on('headers', note('interim ')).on('response', note('')).on('trailers', note('trailer '))
    let text = ''
    stream.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    stream.on('error', (error) => lines.push(`error ${error.message}`))
    if (body !== '') stream.end(body)
    await new Promise((resolve) => stream.on('close', resolve))
    return [...lines, `body ${text}`, `reset ${stream.rstCode}`].join('\r\n')
  }
  return { ask, close: () => session?.destroy() }
}

async function openSession(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  await new Promise((resolve) => session.on('connect', resolve))
  return session
}

/** A text without the date. */
export function masked(text: string): string {
  return text.replace(/^(date: )\w{3}, .*$/gim, '$1some day')
}

/** A text without the header that tracing adds, and how often that header occurred. */
export function withoutIds(text: string): { readonly rest: string; readonly count: number } {
  const ids = /^x-request-id: \d+\r\n/gim
  return { rest: text.replace(ids, ''), count: text.match(ids)?.length ?? 0 }
}
