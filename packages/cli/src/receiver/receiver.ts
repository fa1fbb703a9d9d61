import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzip } from 'node:zlib'
import { parseJson, spansOfOtlp } from '@trace/analysis/otlp'
import { onOneLine, type PlainValue, type Span } from '@trace/core/spans'
import { type Answers, JSON_ANSWERS, PROTOBUF_ANSWERS } from './answers.js'
import { otlpOfProtobuf } from './protobuf.js'

/** How large a request may be, in bytes: as it is sent, and unpacked. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_UNPACKED = 64 * 1024 * 1024
/** How many requests are read at a time. One at a time is unpacked and recorded. */
const MOST_REQUESTS = 64
/** How long a client may take to send one, in ms. */
const REQUEST_TIMEOUT = 30_000
/** How long requests that have come may take when the receiver is closed, in ms. */
const CLOSE_TIMEOUT = 5_000

/** Codes of a Status (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto). */
const CODE = { invalid: 3, forbidden: 7, exhausted: 8, unimplemented: 12, internal: 13, unavailable: 14 } as const

/** What a receiver needs. */
export interface ReceiverOptions {
  readonly host: string
  readonly port: number
  /** Stores spans. Never called while an earlier call is running; rejects as a recorder does. */
  readonly record: (spans: readonly Span[]) => void | Promise<void>
  /** Is told at once of the first spans or request that are not taken, and why. */
  readonly onFirstLoss: (reason: string) => void
}

/** What a receiver has got so far. */
export interface Received {
  /** Requests that were read. */
  requests: number
  /** Requests that were not taken: their bodies cannot be read, or are too large. */
  refused: number
  /** Spans that are stored. */
  spans: number
  /** Spans that are not: malformed, or refused by the store. Of those that are to be sent again, none. */
  rejected: number
}

/** A receiver that is running. */
export interface Receiver {
  readonly url: string
  readonly received: Received
  /** Takes no more requests, and waits for those that have come. */
  close(): Promise<void>
}

/** Why a request is not taken. */
class Refusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * Receives spans by OTLP/HTTP, in JSON and protocol buffers (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
 *
 * @throws what the server cannot listen for, such as `EADDRINUSE`
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { host, port } = options
  const desk = new Desk(options)
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (request, response) => {
    void desk.answer(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve))
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT)
    await closed
    clearTimeout(timer)
    await desk.done
  }
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { url: `http://${name}:${address.port}`, received: desk.received, close }
}

class Desk {
  readonly received: Received = { requests: 0, refused: 0, spans: 0, rejected: 0 }
  readonly #options: ReceiverOptions
  readonly #isLocal: boolean
  #reading = 0
  #hasLost = false
  /** The requests that are being recorded, one after the other. */
  done: Promise<void> = Promise.resolve()

  constructor(options: ReceiverOptions) {
    this.#options = options
    this.#isLocal = LOOPBACK.test(options.host)
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answers = answersOf(request)
    try {
      this.#check(request)
      const body = await this.#body(request)
      this.received.requests++
      const { rejected, message } = await this.#inTurn(() => this.#take(request, body))
      send(response, 200, answers.type, answers.success(rejected, message))
    } catch (error) {
      const { status, code, message } = refusalOf(error)
      if (status !== 503) this.#lost(0, message)
      if (status === 503) response.setHeader('retry-after', '1')
      if (status === 405) response.setHeader('allow', 'POST')
      // What is still being sent is not read.
      if (!request.complete) response.setHeader('connection', 'close')
      send(response, status, answers.type, answers.failure(code, message))
    }
  }

  #check(request: IncomingMessage): void {
    const { method, url = '', headers } = request
    // A page of a browser may have its name point to this machine.
    if (this.#isLocal && !LOOPBACK.test(hostOf(headers.host)))
      throw new Refusal(403, CODE.forbidden, 'expected a Host that is this machine; listen elsewhere with --host')
    if (url.split('?')[0] !== '/v1/traces')
      throw new Refusal(404, CODE.unimplemented, 'expected the path /v1/traces: only traces are received here')
    if (method !== 'POST') throw new Refusal(405, CODE.unimplemented, 'expected a POST')
    const { 'content-encoding': encoding = 'identity' } = headers
    if (typeOf(request) === undefined)
      throw new Refusal(415, CODE.invalid, 'expected Content-Type application/json or application/x-protobuf')
    if (encoding !== 'identity' && encoding !== 'gzip')
      throw new Refusal(415, CODE.invalid, 'expected Content-Encoding gzip, or none')
    if (Number(headers['content-length'] ?? 0) > MOST_BYTES) throw tooLarge(MOST_BYTES)
  }

  async #body(request: IncomingMessage): Promise<Buffer> {
    if (this.#reading >= MOST_REQUESTS) throw new Refusal(503, CODE.unavailable, 'too many requests at a time')
    this.#reading++
    try {
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > MOST_BYTES) throw tooLarge(MOST_BYTES)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks)
    } finally {
      this.#reading--
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.done.then(work)
    this.done = turn.then(
      () => {},
      () => {},
    )
    return turn
  }

  async #take(request: IncomingMessage, body: Buffer): Promise<{ rejected: number; message: string }> {
    const bytes = request.headers['content-encoding'] === 'gzip' ? await unpacked(body) : body
    const { spans, malformed, reason } = read(bytes, typeOf(request))
    const { lost, message } = spans.length > 0 ? await this.#store(spans) : { lost: 0, message: '' }
    const rejected = malformed + lost
    this.received.spans += spans.length - lost
    if (rejected > 0) this.#lost(rejected, reason || message)
    return { rejected, message: reason || message }
  }

  async #store(spans: readonly Span[]): Promise<{ lost: number; message: string }> {
    try {
      await this.#options.record(spans)
      return { lost: 0, message: '' }
    } catch (error) {
      const { message, retry, spans: lost } = Object(error)
      const text = onOneLine(String(message), 300)
      if (retry === true) throw new Refusal(503, CODE.unavailable, text)
      return { lost: Array.isArray(lost) ? lost.length : spans.length, message: text }
    }
  }

  /** @param spans how many; 0 for a request whose spans are not known */
  #lost(spans: number, reason: string): void {
    if (spans === 0) this.received.refused++
    this.received.rejected += spans
    if (!this.#hasLost) this.#options.onFirstLoss(reason)
    this.#hasLost = true
  }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/

function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '')
}

function tooLarge(most: number): Refusal {
  return new Refusal(413, CODE.exhausted, `expected at most ${most} bytes`)
}

/** Of the request that is answered. */
function typeOf({ headers }: IncomingMessage): 'json' | 'protobuf' | undefined {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';')
  if (type.trim() === 'application/json') return 'json'
  return type.trim() === 'application/x-protobuf' ? 'protobuf' : undefined
}

function answersOf(request: IncomingMessage): Answers {
  return typeOf(request) === 'protobuf' ? PROTOBUF_ANSWERS : JSON_ANSWERS
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  // The client may be gone.
  response.on('error', () => {})
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal(400, CODE.invalid, onOneLine(error instanceof Error ? error.message : String(error), 300))
}

function unpacked(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(body, { maxOutputLength: MOST_UNPACKED }, (error, bytes) => {
      if (error === null) resolve(bytes)
      else if (Reflect.get(error, 'code') === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge(MOST_UNPACKED))
      else reject(new Error(`expected gzip: ${error.message}`))
    })
  })
}

/** @throws what is wrong with the whole of it */
function read(
  bytes: Buffer,
  type: 'json' | 'protobuf' | undefined,
): { readonly spans: Span[]; readonly malformed: number; readonly reason: string } {
  const request: PlainValue = type === 'protobuf' ? otlpOfProtobuf(bytes) : parseJson(bytes.toString())
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    throw new Error('expected a JSON object with resourceSpans')
  let [malformed, reason] = [0, '']
  const spans = spansOfOtlp(request, (why) => {
    if (malformed++ === 0) reason = `a span is malformed: ${why}`
  })
  return { spans, malformed, reason }
}
