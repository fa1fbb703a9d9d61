import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { onOneLine } from '@trace/core'
import { clearTimeout, setTimeout } from '@trace/core/store'
import type { Settings } from './settings.js'

/** What became of a request. */
export type Answer =
  | { readonly is: 'taken'; readonly rejected: number; readonly message: string }
  /** To be sent again. @see Sender.answerOf for when */
  | { readonly is: 'busy'; readonly message: string; readonly retryAfter: number | undefined }
  | { readonly is: 'too large'; readonly message: string }
  | { readonly is: 'refused'; readonly message: string }

/** How much of an answer is read. */
const MOST_ANSWER_BYTES = 65_536
/** A longer time until the next try is taken for this one, in ms. */
const MOST_RETRY_AFTER = 60_000

const CLOSED = new Error('the connection was closed before the answer')

/** The statuses after which the same request may be sent again (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes). */
const BUSY = [429, 502, 503, 504]

/** Sends requests by HTTP, over one connection that is kept. Nobody traces them. */
export class Sender {
  readonly #settings: Settings
  #agent: Agent | undefined
  #request: ClientRequest | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** @param json the body; sent again at once where the connection had been closed meanwhile */
  async send(json: string): Promise<Answer> {
    const body = await this.#packed(json)
    for (let isFirst = true; ; isFirst = false) {
      try {
        return answerOf(...(await untraced(() => this.#post(body))))
      } catch (error) {
        const wasKept = this.#request?.reusedSocket === true && codeOf(error) === 'ECONNRESET'
        if (!isFirst || !wasKept) return { is: 'busy', message: messageOf(error), retryAfter: undefined }
      }
    }
  }

  async #packed(json: string): Promise<Buffer> {
    const bytes = Buffer.from(json)
    if (!this.#settings.gzip) return bytes
    const { gzip } = process.getBuiltinModule('node:zlib')
    return new Promise((resolve, reject) => {
      gzip(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error)))
    })
  }

  #post(body: Buffer): Promise<readonly [IncomingMessage, string]> {
    const { url, headers, gzip, timeout } = this.#settings
    const http = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
    this.#agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 })
    const own = {
      'content-type': 'application/json',
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      'content-length': body.length,
    }
    const options = { method: 'POST', agent: this.#agent, headers: { ...headers, ...own } }
    return new Promise((resolve, reject) => {
      let isAnswered = false
      const request = http.request(url, options, (response) => {
        isAnswered = true
        read(response).then((text) => resolve([response, text]), reject)
      })
      this.#request = request
      const timer = setTimeout(() => request.destroy(new Error(`it did not answer within ${timeout} ms`)), timeout)
      request.on('error', reject)
      request.on('close', () => {
        clearTimeout(timer)
        // Its end is that of the answer, which may still have to be read.
        if (!isAnswered) reject(CLOSED)
      })
      request.end(body)
    })
  }

  close(): void {
    this.#request?.destroy(new Error('the recorder was closed'))
    this.#agent?.destroy()
  }
}

function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      if (length < MOST_ANSWER_BYTES) chunks.push(chunk)
      length += chunk.length
      if (length > 16 * MOST_ANSWER_BYTES) response.destroy(new Error('its answer has no end'))
    })
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8', 0, MOST_ANSWER_BYTES)))
    response.on('error', reject)
    response.on('close', () => reject(CLOSED))
  })
}

function answerOf(response: IncomingMessage, text: string): Answer {
  const { statusCode = 0, statusMessage = '', headers } = response
  const body = jsonOf(text)
  if (statusCode >= 200 && statusCode < 300) {
    const partial: unknown = Reflect.get(body, 'partialSuccess') ?? {}
    const rejected = Number(Reflect.get(Object(partial), 'rejectedSpans') ?? 0)
    const message = textOf(Reflect.get(Object(partial), 'errorMessage'))
    return { is: 'taken', rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0, message }
  }
  const said = textOf(Reflect.get(body, 'message'))
  const status = `it answered ${statusCode}${statusMessage === '' ? '' : ` ${onOneLine(statusMessage, 100)}`}`
  const message = said === '' ? status : `${status}: ${said}`
  if (BUSY.includes(statusCode)) return { is: 'busy', message, retryAfter: retryAfterOf(headers['retry-after']) }
  if (statusCode === 413) return { is: 'too large', message }
  return { is: 'refused', message: `${message}; ${adviceFor(statusCode, headers.location)}` }
}

function adviceFor(status: number, location: string | undefined): string {
  if (status === 401 || status === 403)
    return 'put its credentials into the option headers, or OTEL_EXPORTER_OTLP_HEADERS'
  if (status === 404 || status === 405) return 'check the path of the URL: mostly it is /v1/traces'
  if (status === 415) return 'it must take OTLP/HTTP in JSON'
  if (status >= 300 && status < 400) return `redirects are not followed: use the URL ${onOneLine(location ?? '', 200)}`
  return 'it must take OTLP/HTTP in JSON, of version 1.0 or later'
}

/** Seconds, or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). @returns ms */
function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const time = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Number.isNaN(time) ? undefined : Math.min(Math.max(0, time), MOST_RETRY_AFTER)
}

function jsonOf(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? onOneLine(value, 300) : ''
}

function codeOf(error: unknown): unknown {
  return Reflect.get(Object(error), 'code')
}

function messageOf(error: unknown): string {
  const { message, code } = Object(error)
  return onOneLine(typeof message === 'string' && message !== '' ? message : String(code))
}

/** Of the API of OpenTelemetry, which need not be there: where it keeps itself, and how its SDK marks what is not to be traced. */
const API = Symbol.for('opentelemetry.js.api.1')
const SUPPRESSED = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Runs a function so that no instrumentation of OpenTelemetry traces what it sends: each of its spans would be sent in turn. */
function untraced<T>(fn: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined
  const run = (): Promise<T> => {
    result ??= fn()
    return result
  }
  try {
    const manager: unknown = Reflect.get(Object(Reflect.get(globalThis, API)), 'context')
    const active: unknown = call(manager, 'active')
    const suppressed = call(active, 'setValue', SUPPRESSED, true)
    if (suppressed !== undefined) call(manager, 'with', suppressed, run)
  } catch {
    // Another version of the API.
  }
  return run()
}

function call(holder: unknown, method: string, ...args: unknown[]): unknown {
  const fn: unknown = Reflect.get(Object(holder), method)
  return typeof fn === 'function' ? Reflect.apply(fn, holder, args) : undefined
}
