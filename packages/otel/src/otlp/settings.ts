import { hostname } from 'node:os'
import { checkOptions, describe, optionRules, type PlainData, TraceError } from '@trace/core'
import { processLogger } from '@trace/core/store'

/**
 * Options of {@link otlpRecorder}. Those that are left out come from the environment, by the variables of OpenTelemetry
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/); in each, `OTEL_EXPORTER_OTLP_TRACES_…` comes before `OTEL_EXPORTER_OTLP_…`.
 */
export interface OtlpRecorderOptions {
  /**
   * Where the receiver is: `http:` or `https:`. Without a path, that is `/v1/traces`. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, or
   * `http://localhost:4318`.
   */
  readonly url?: string
  /** Headers of each request, such as those that a vendor asks for. They replace those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether requests are compressed. Default: what `OTEL_EXPORTER_OTLP_COMPRESSION` says, or true. */
  readonly gzip?: boolean
  /** How long a request may take, in ms. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, or 10,000. */
  readonly timeout?: number
  /** How large a request may be, in bytes before it is compressed. Spans go into several where they need more. Default 4,194,304 (4 MB). */
  readonly maxBytes?: number
  /** More attributes of the resource, that is, of the process. They replace those of `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
}

/** What the options and the environment say together. */
export interface Settings {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly gzip: boolean
  readonly timeout: number
  readonly maxBytes: number
  /** The attributes of a process that its name does not say. */
  readonly attributesOf: (process: string) => PlainData
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const RULES = {
  url: optionRules.string,
  headers: {
    // Their values may be secret, so that no message shows them.
    expected: 'an object of names and texts that HTTP takes as headers',
    test: (value: unknown) => isMap(value) && Object.entries(value).every(isHeader),
  },
  gzip: optionRules.boolean,
  timeout: optionRules.duration,
  maxBytes: optionRules.count,
  resource: {
    expected: 'an object of texts, numbers and booleans',
    test: (value: unknown) =>
      isMap(value) && Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each)),
  },
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHeader([name, value]: readonly [string, unknown]): boolean {
  return HEADER_NAME.test(name) && typeof value === 'string' && HEADER_VALUE.test(value)
}

/**
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type; `TRACE_BAD_URL` for a URL that is none of HTTP's
 */
export function settingsOf(options: OtlpRecorderOptions): Settings {
  checkOptions('otlpRecorder', options, RULES)
  const { url, headers, gzip, timeout, maxBytes = 4_194_304, resource = {} } = options
  return {
    url: url === undefined ? urlOfEnvironment() : httpUrl(url, 'url', whole),
    headers: headers ?? headersOfEnvironment(),
    gzip: gzip ?? exporterVariable('COMPRESSION', (text) => text === 'gzip' || text === 'none')?.value !== 'none',
    timeout:
      timeout ??
      Number(exporterVariable('TIMEOUT', (text) => optionRules.duration.test(Number(text)))?.value ?? 10_000),
    maxBytes,
    attributesOf: attributes(resource),
  }
}

function httpUrl(text: string, what: string, complete: (url: URL) => URL): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isRight = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.hash === ''
  if (url !== undefined && isRight) return complete(url)
  // It may hold a password.
  const got = text.includes('@') ? 'one with a user or password, which belong into the headers' : describe(text)
  throw new TraceError(
    'TRACE_BAD_URL',
    `otlpRecorder: ${what}: expected a URL such as http://localhost:4318, got ${got}`,
  )
}

/** Without a path, it is the one that the protocol proposes. */
function whole(url: URL): URL {
  if (url.pathname === '/') url.pathname = '/v1/traces'
  return url
}

function urlOfEnvironment(): URL {
  const variable = exporterVariable('ENDPOINT')
  if (variable === undefined) return new URL('http://localhost:4318/v1/traces')
  const { name, value } = variable
  // That for traces is used as it is, by the specification; that for all signals is what their paths begin with.
  return httpUrl(value, name, (url) => {
    if (!name.includes('_TRACES_')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
    return url
  })
}

function headersOfEnvironment(): Record<string, string> {
  const headers: Record<string, string> = {}
  const text = exporterVariable('HEADERS', (value) => pairs(value)?.every(isHeader) === true)?.value
  for (const [name, value] of pairs(text ?? '') ?? []) headers[name] = value
  return headers
}

/** OpenTelemetry's own resource is that of one process; spans may tell of several, and only those of this one have its service. */
function attributes(ofOptions: PlainData): (process: string) => PlainData {
  const text = variableOf('OTEL_RESOURCE_ATTRIBUTES', (value) => pairs(value) !== undefined)?.value ?? ''
  const { 'service.name': named, ...others } = { ...Object.fromEntries(pairs(text) ?? []), ...ofOptions }
  const service = ofOptions['service.name'] ?? variableOf('OTEL_SERVICE_NAME')?.value ?? named
  const ofThis = service === undefined ? others : { ...others, 'service.name': service }
  return (name) => (name.endsWith(`:${process.pid}@${hostname()}`) ? ofThis : others)
}

interface Variable {
  readonly name: string
  readonly value: string
}

function exporterVariable(name: string, isRight?: (value: string) => boolean): Variable | undefined {
  return variableOf(`OTEL_EXPORTER_OTLP_TRACES_${name}`, isRight) ?? variableOf(`OTEL_EXPORTER_OTLP_${name}`, isRight)
}

/** An empty variable is none. One that cannot be used is none either, with a warning, as the specification says. */
function variableOf(name: string, isRight: (value: string) => boolean = () => true): Variable | undefined {
  const value = process.env[name]?.trim() ?? ''
  if (value === '') return undefined
  if (isRight(value)) return { name, value }
  processLogger.warn(`trace: otlpRecorder: the environment variable ${name} is not used: its value is malformed`)
  return undefined
}

/** `name=value,…`, percent-encoded (https://www.w3.org/TR/baggage/#header-content); undefined if it is something else. */
function pairs(text: string): [string, string][] | undefined {
  try {
    return text
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const at = part.indexOf('=')
        const name = decodeURIComponent(part.slice(0, at).trim())
        if (at < 1 || name === '') throw new SyntaxError('no name')
        return [name, decodeURIComponent(part.slice(at + 1).trim())]
      })
  } catch {
    return undefined
  }
}
