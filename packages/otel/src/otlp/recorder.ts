import { otlpRequest } from '@trace/analysis/otlp'
import {
  describe,
  type Logger,
  onOneLine,
  outsideTraces,
  RecordError,
  type Recorder,
  type Span,
  TraceError,
} from '@trace/core'
import { processLogger, sleep } from '@trace/core/store'
import { type Answer, Sender } from './sender.js'
import { type OtlpRecorderOptions, type Settings, settingsOf } from './settings.js'

/** The time until the next try, where the receiver does not say it: after the first failure, and at most, in ms; less or more by half. */
const FIRST_DELAY = 500
const MOST_DELAY = 5_000
/** How often the receiver's own warnings are passed on, in ms. */
const WARNING_INTERVAL = 10_000
/** OTLP's times are unsigned integers of 64 bits. */
const MOST_TIME = 2n ** 64n - 1n

/**
 * Sends spans by OTLP/HTTP in JSON: to a collector of OpenTelemetry, Jaeger, Tempo, or a vendor. Each has its whole 128-bit trace id.
 * Spans are sent when they have finished; open spans and the ledger are not. The first record makes the first request.
 *
 * Where the receiver is busy or cannot be reached, `record` rejects with a `RecordError` to be tried again, and the next one waits until
 * the receiver may be asked. What it refuses is lost. At exit nothing can be sent: close the tracer before.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type; `TRACE_BAD_URL` for a URL that is none of HTTP's
 */
export function otlpRecorder(options: OtlpRecorderOptions = {}): Recorder {
  return new OtlpRecorder(settingsOf(options))
}

class OtlpRecorder implements Recorder {
  readonly name: string
  readonly #settings: Settings
  readonly #sender: Sender
  readonly #closing = new AbortController()
  #logger: Logger = processLogger
  /** When the receiver may be asked again, and how often it was busy since it last took something. */
  #notBefore = 0
  #failures = 0
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(settings: Settings) {
    this.#settings = settings
    this.#sender = new Sender(settings)
    this.name = `otlp(${settings.url.origin}${settings.url.pathname})`
  }

  useLogger(logger: Logger): void {
    this.#logger = logger
  }

  async record(spans: readonly Span[]): Promise<void> {
    const finished = spans.filter(({ kind, finish }) => finish !== undefined && kind !== 'ledger')
    const waiting: (readonly Span[])[] = [finished.filter(hasTimes)]
    const lost = finished.filter((span) => !hasTimes(span))
    let why = lost.length > 0 ? 'OTLP has no times before 1970 or after the year 2554' : ''
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      if (batch.length === 0) continue
      const answer = await outsideTraces(() => this.#send(batch))
      if (answer.is === 'busy') {
        this.#delay(answer.retryAfter)
        throw this.#error(answer.message, [...lost, ...batch, ...waiting.flat()], true)
      }
      this.#failures = 0
      if (answer.is === 'too large' && batch.length > 1) {
        const half = batch.length >> 1
        waiting.unshift(batch.slice(0, half), batch.slice(half))
      } else if (answer.is === 'taken' && answer.rejected === 0) this.#pass(answer.message)
      else {
        why = answer.is === 'taken' ? `it did not take all: ${answer.message || 'it does not say why'}` : answer.message
        // Which ones it has not taken it does not say, only how many.
        for (const span of answer.is === 'taken' ? batch.slice(-answer.rejected) : batch) lost.push(span)
      }
    }
    if (lost.length > 0) throw this.#error(why, lost, false)
  }

  async #send(batch: readonly Span[]): Promise<Answer> {
    const { maxBytes, attributesOf } = this.#settings
    const json = otlpRequest(batch, attributesOf)
    if (batch.length > 1 && Buffer.byteLength(json) > maxBytes) return { is: 'too large', message: '' }
    const wait = this.#notBefore - performance.now()
    try {
      if (wait > 0) await sleep(wait, undefined, { ref: false, signal: this.#closing.signal })
    } catch {
      return { is: 'busy', message: 'the recorder was closed while it waited to try again', retryAfter: undefined }
    }
    return this.#sender.send(json)
  }

  #delay(retryAfter: number | undefined): void {
    const usual = Math.min(FIRST_DELAY * 2 ** this.#failures++, MOST_DELAY)
    this.#notBefore = performance.now() + (retryAfter ?? usual * (0.5 + Math.random()))
  }

  /** The receiver may warn of what it has taken. */
  #pass(message: string): void {
    if (message === '' || performance.now() - this.#warnedAt < WARNING_INTERVAL) return
    this.#warnedAt = performance.now()
    this.#logger.warn(`trace: ${this.name} warns: ${message}`)
  }

  #error(why: string, spans: readonly Span[], retry: boolean): RecordError {
    return new RecordError(`${this.name}: ${why}`, spans, { retry })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#sender.close()
  }
}

function hasTimes({ start, finish }: Span): boolean {
  return start >= 0n && finish !== undefined && finish >= 0n && start <= MOST_TIME && finish <= MOST_TIME
}

/** Parameters of a URL, which are options. */
const PARAMETERS = ['gzip', 'timeout', 'maxBytes']

/**
 * The recorder of a URL, for `openRecorder` of `@trace/core/open`: `otlp+http://localhost:4318`, or `otlp+https:`. Without a path, that is
 * `/v1/traces`. The parameters `gzip`, `timeout` and `maxBytes` are the options of {@link otlpRecorder}; the others come from the
 * environment. `otlp+http:` alone takes its URL from there, too.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form; `TRACE_BAD_OPTION` for a bad value
 */
export function openRecorder(url: URL): Recorder {
  const options: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    if (!PARAMETERS.includes(name)) {
      const message = `unknown parameter ${describe(name)}; expected one of: ${PARAMETERS.join(', ')}`
      throw new TraceError('TRACE_BAD_URL', `${url.protocol} ${message}`)
    }
    options[name] = text === 'true' || text === 'false' ? text === 'true' : Number(text)
  }
  if (url.host === '' && url.pathname === '' && url.hash === '') return otlpRecorder(options)
  const where = url.href.slice('otlp+'.length).replace(url.search, '')
  return otlpRecorder({ ...options, url: where })
}

/** @throws {TraceError} `TRACE_BAD_URL`: what was sent is read where it went to */
export function openReader(url: URL): never {
  const message = `${onOneLine(url.protocol)} only sends: read the traces where they were sent to`
  throw new TraceError('TRACE_BAD_URL', message)
}
