import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onOneLine, type Span } from '@trace/core/spans'
import { type Answers, JSON_ANSWERS, PROTOBUF_ANSWERS } from './answers.js'
import { bodyOf, checkRequest, isLoopback, refusalOf, spansOf, typeOf, unavailable } from './request.js'

/** How many requests are read at a time. One at a time is unpacked and recorded. */
const MOST_REQUESTS = 64
/** How long a client may take to send one, in ms. */
const REQUEST_TIMEOUT = 30_000
/** How long requests that have come may take when the receiver is closed, in ms. */
const CLOSE_TIMEOUT = 5_000

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
    this.#isLocal = isLoopback(options.host)
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answers = answersOf(request)
    try {
      checkRequest(request, this.#isLocal)
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

  async #body(request: IncomingMessage): Promise<Buffer> {
    if (this.#reading >= MOST_REQUESTS) throw unavailable('too many requests at a time')
    this.#reading++
    try {
      return await bodyOf(request)
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
    const { spans, malformed, reason } = await spansOf(request, body)
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
      if (retry === true) throw unavailable(text)
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

function answersOf(request: IncomingMessage): Answers {
  return typeOf(request) === 'protobuf' ? PROTOBUF_ANSWERS : JSON_ANSWERS
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  // The client may be gone.
  response.on('error', () => {})
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body)
}
