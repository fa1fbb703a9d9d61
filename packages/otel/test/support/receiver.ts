import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
// The last release of OpenTelemetry's own code that has the official definitions, compiled, and can decode: later ones only serialize.
import root from 'otlp-transformer-that-decodes/build/src/generated/root.js'

interface Message {
  fromObject(document: object): object
  /** What is wrong with a message; null if nothing is. */
  verify(message: object): string | null
  toObject(message: object, options: object): object
}

// Its types do not say what it has.
const ExportTraceServiceRequest: Message = Reflect.get(root, 'opentelemetry').proto.collector.trace.v1
  .ExportTraceServiceRequest

/** A span as OpenTelemetry's code reads it; ids in hexadecimal digits. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly name: string
  readonly attributes: readonly object[]
}

interface ReceivedRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] }
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[]
  }[]
}

/** What a receiver answers: a status, a body, headers. */
export type Answer = readonly [status: number, body?: object, headers?: Record<string, string>]

/** A receiver of OTLP/HTTP in JSON. */
export class Receiver {
  readonly #server: Server
  readonly requests: {
    readonly path: string
    readonly headers: IncomingHttpHeaders
    readonly body: ReceivedRequest
  }[] = []
  /** Gives the answer to a request, by its spans. Default: all are taken. `never`: there is none. */
  answer: (spans: readonly ReceivedSpan[]) => Answer | 'never' = () => [200, {}]

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
        const body = decoded(JSON.parse(text.toString()))
        this.requests.push({ path: request.url ?? '', headers: request.headers, body })
        const answer = this.answer(spansOf(body))
        if (answer === 'never') return
        const [status, object = {}, headers = {}] = answer
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(object))
      })
    })
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver()
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The spans of all requests. */
  get spans(): ReceivedSpan[] {
    return this.requests.flatMap(({ body }) => spansOf(body))
  }

  reset(): void {
    this.requests.splice(0)
    this.answer = () => [200, {}]
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const IDS = new Set(['traceId', 'spanId', 'parentSpanId'])

/** Ids in OTLP's JSON are hexadecimal digits, where the JSON of protocol buffers has base64. */
function withIds(value: unknown, from: BufferEncoding, to: BufferEncoding, key = ''): unknown {
  if (typeof value === 'string') return IDS.has(key) ? Buffer.from(value, from).toString(to) : value
  if (Array.isArray(value)) return value.map((each) => withIds(each, from, to))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withIds(each, from, to, name)]))
}

function decoded(document: object): ReceivedRequest {
  const request = ExportTraceServiceRequest.fromObject(withIds(document, 'hex', 'base64') as object)
  const wrong = ExportTraceServiceRequest.verify(request)
  if (wrong !== null) throw new Error(wrong)
  const read = ExportTraceServiceRequest.toObject(request, { longs: String, bytes: String, json: true, arrays: true })
  return withIds(read, 'base64', 'hex') as ReceivedRequest
}

function spansOf({ resourceSpans }: ReceivedRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}
