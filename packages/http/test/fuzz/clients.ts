import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { HeaderSet } from './headers.js'

/** A response; all is undefined or empty if the server closed the connection or the stream. */
export interface Answer {
  readonly status: number | undefined
  /** Headers as text, with their names in lower case. */
  readonly head: string
  readonly body: string
}

export const GONE: Answer = { status: undefined, head: '', body: '' }

/** Sends requests for `/own`, as many at a time as it can. Resolves to the responses in the order of the requests. */
export type Client = (port: number, sets: readonly HeaderSet[]) => Promise<readonly Answer[]>

const AT_A_TIME = 50

/** Pipelines requests on one HTTP/1.1 connection, without changing their bytes. */
export const askHttp1: Client = async (port, sets) => {
  const socket = await open(port)
  const answers: Answer[] = []
  for (let at = 0; at < sets.length; at += AT_A_TIME) {
    const batch = sets.slice(at, at + AT_A_TIME)
    const received = await exchange(socket, batch.map(requestText).join(''), batch.length)
    answers.push(...received)
    if (received.length < batch.length) break
  }
  socket.destroy()
  return answers
}

function requestText(set: HeaderSet): string {
  return `GET /own?a=1 HTTP/1.1\r\nHost: localhost\r\n${set.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.setEncoding('latin1').setNoDelay(true)
    // A reset is handled as a close.
    socket.on('error', () => {})
  })
}

/** Returns fewer responses if the connection has closed before the last one. */
function exchange(socket: Socket, text: string, count: number): Promise<readonly Answer[]> {
  return new Promise((resolve) => {
    const answers: Answer[] = []
    let got = ''
    const onData = (chunk: string): void => {
      got += chunk
      for (let taken = take(got); taken !== undefined; taken = take(got)) {
        answers.push(taken.answer)
        got = got.slice(taken.length)
      }
      if (answers.length >= count) done()
    }
    const done = (): void => {
      socket.off('data', onData).off('close', done)
      resolve(answers)
    }
    socket.on('data', onData).on('close', done)
    socket.write(text, 'latin1')
  })
}

function take(text: string): { readonly answer: Answer; readonly length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const start = end + 4
  const length = start + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (text.length < length) return undefined
  const answer = { status: Number(head.slice(9, 12)), head: head.toLowerCase(), body: text.slice(start, length) }
  return { answer, length }
}

/** Sends requests as streams of one HTTP/2 connection. */
export const askHttp2: Client = async (port, sets) => {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  const answers: Answer[] = []
  for (let at = 0; at < sets.length; at += AT_A_TIME) {
    answers.push(...(await Promise.all(sets.slice(at, at + AT_A_TIME).map((set) => stream(session, set)))))
  }
  session.destroy()
  return answers
}

function stream(session: ClientHttp2Session, set: HeaderSet): Promise<Answer> {
  const fields: Record<string, string | string[]> = { ':path': '/own?a=1' }
  for (const [name, value] of set) {
    const key = name.toLowerCase()
    const earlier = fields[key]
    // HTTP/2 allows no spaces around a value.
    const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '')
    fields[key] = earlier === undefined ? trimmed : [earlier, trimmed].flat()
  }
  return new Promise((resolve) => {
    const request = session.request(fields, { endStream: true })
    let answer = GONE
    let body = ''
    request.on('response', (headers) => {
      const { ':status': status, ...rest } = headers
      const lines = Object.entries(rest).map(([name, value]) => `${name}: ${value}`)
      answer = { status: Number(status), head: lines.join('\r\n'), body: '' }
    })
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('error', () => {}).on('close', () => resolve({ ...answer, body }))
  })
}
