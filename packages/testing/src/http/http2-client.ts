import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { type Ask, BODY_DELAY, type HttpClient, type Reply } from './client.js'

/** Opens an HTTP/2 connection without TLS. Each request is a stream of it. */
export async function openHttp2(port: number): Promise<HttpClient> {
  const session = connect(`http://127.0.0.1:${port}`)
  const streams = new Set<ClientHttp2Stream>()
  await new Promise<void>((resolve, reject) => {
    session.on('connect', () => resolve()).on('error', reject)
  })
  return {
    ask: (ask) => {
      const stream = begin(session, ask)
      streams.add(stream)
      stream.on('close', () => streams.delete(stream))
      return replyOf(session, stream)
    },
    upgrade: () => Promise.reject(new Error('HTTP/2 has no upgrades')),
    leave: () => {
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
    },
    destroy: () => session.destroy(),
  }
}

function begin(session: ClientHttp2Session, { path, method = 'GET', headers = [], body = '' }: Ask): ClientHttp2Stream {
  const fields: Record<string, string | string[]> = { ':path': path, ':method': method }
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase()
    const earlier = fields[lowerCase]
    fields[lowerCase] = earlier === undefined ? value : [earlier, value].flat()
  }
  const stream = session.request(fields, { endStream: body === '' })
  if (body !== '') setTimeout(() => stream.end(body), BODY_DELAY)
  return stream
}

function replyOf(session: ClientHttp2Session, stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {}
    const interim: number[] = []
    let body = ''
    let isWhole = false
    stream.setEncoding('latin1')
    stream.on('response', (received) => {
      for (const [name, value] of Object.entries(received)) headers[name] = String(value)
    })
    stream.on('headers', ({ ':status': status }) => interim.push(Number(status)))
    stream.on('data', (chunk: string) => {
      body += chunk
    })
    stream.on('end', () => {
      isWhole = true
    })
    stream.on('error', reject)
    stream.on('close', () => {
      const { ':status': status, ...rest } = headers
      // If a session is destroyed, its streams end as if they were complete.
      if (isWhole && !session.destroyed && stream.rstCode === constants.NGHTTP2_NO_ERROR) {
        resolve({ status: Number(status), interim, headers: rest, body })
      } else {
        reject(new Error('the stream closed before the response was whole'))
      }
    })
  })
}
