// A process that sends the same request over and over: load.js <port> <headers: few, many or hostile>
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { answerQuestions, numberIn, stayAwake } from '../harness/child.js'
import { quantile } from '../harness/statistics.js'

const [port = '', headers = ''] = process.argv.slice(2)
/** Ids with leading zeros, so that 64 KB hold fewer than 1,000 headers: newer releases of Node answer more with 431. */
const IDS = [
  `X-Request-Id: ${'0'.repeat(29)}1:${'0'.repeat(29)}2`,
  `b3: ${'0'.repeat(31)}1-${'0'.repeat(15)}1-1`,
  `X-B3-TraceId: ${'0'.repeat(31)}1`,
]
/** Well-formed, and as long as the parsers read. */
const HOSTILE = `traceparent: 00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-01\r\ntracestate: a=b${' '.repeat(8_000)}x\r\n`
const END_OF_HEADERS = Buffer.from('\r\n\r\n')

/** Bytes of headers, unless there are few. */
const MANY = 65_536

function headersText(which: string): string {
  if (which === 'few') return ''
  let text = which === 'hostile' ? HOSTILE : ''
  for (let at = 0; text.length < MANY; at++) {
    // The server has to remove the repeated ids. The other headers it only has to skip.
    text += which === 'hostile' ? `${IDS[at % IDS.length]}\r\n` : `X-Header-${at}: ${'v'.repeat(80)}\r\n`
  }
  return text
}

const REQUEST = Buffer.from(
  `GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n${headersText(headers)}\r\n`,
)

/** A keep-alive connection with at most one request in flight. */
class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #size = 0
  onResponse: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('close', () => {
      throw new Error('the server closed a connection')
    })
  }

  send(): void {
    this.#socket.write(REQUEST)
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    if (this.#size === 0) this.#size = sizeOfResponse(this.#received)
    if (this.#size === 0 || this.#received.length < this.#size) return
    this.#received = this.#received.subarray(this.#size)
    this.#size = 0
    this.onResponse()
  }
}

/** Bytes of headers and body, or 0 while the headers are incomplete. */
function sizeOfResponse(bytes: Buffer): number {
  const end = bytes.indexOf(END_OF_HEADERS)
  if (end < 0) return 0
  const text = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  if (length === undefined || !text.startsWith('HTTP/1.1 200')) throw new Error(`unexpected response: ${text}`)
  return end + END_OF_HEADERS.length + Number(length)
}

const connections: Connection[] = []

async function open(count: number): Promise<void> {
  while (connections.length < count) {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    connections.push(new Connection(socket))
  }
}

/** Sends as many requests as the server answers. */
async function atHighestRate(milliseconds: number): Promise<Record<string, number>> {
  const start = performance.now()
  const sleep = stayAwake()
  let requests = 0
  const ended = connections.map(
    (connection) =>
      new Promise<void>((resolve) => {
        connection.onResponse = () => {
          requests++
          if (performance.now() - start < milliseconds) connection.send()
          else resolve()
        }
        connection.send()
      }),
  )
  await Promise.all(ended)
  sleep()
  return { requests, seconds: (performance.now() - start) / 1000 }
}

/** Sends requests at a fixed rate, whether or not the server keeps up. A latency counts from when the request was due. */
async function atRate(rate: number, milliseconds: number): Promise<Record<string, number>> {
  const start = performance.now()
  const latencies: number[] = []
  const idle = [...connections]
  let sent = 0
  const send = (): void => {
    const now = performance.now()
    for (let due = start + (sent * 1000) / rate; due <= now && due < start + milliseconds; ) {
      const connection = idle.pop()
      if (connection === undefined) return
      const dueNow = due
      connection.onResponse = () => {
        latencies.push(performance.now() - dueNow)
        idle.push(connection)
      }
      connection.send()
      sent++
      due = start + (sent * 1000) / rate
    }
  }
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      send()
      if (performance.now() - start >= milliseconds && idle.length === connections.length) resolve()
      else setImmediate(turn)
    }
    turn()
  })
  latencies.sort((a, b) => a - b)
  const within = (part: number): number => quantile(latencies, part)
  return { requests: sent, p50: within(0.5), p99: within(0.99), 'p99.9': within(0.999) }
}

answerQuestions(async (question) => {
  await open(numberIn(question, 'connections'))
  const milliseconds = numberIn(question, 'milliseconds')
  return 'rate' in question ? atRate(numberIn(question, 'rate'), milliseconds) : atHighestRate(milliseconds)
})
