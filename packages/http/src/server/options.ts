import type { IncomingMessage } from 'node:http'
import { checkOptions, type OptionRule, optionRules, type Tracer } from '@trace/core'
import type { Propagator } from '../propagation/propagator.js'
import { DEFAULT_HEADER } from '../propagation/request-id.js'
import { asKey } from '../values/naming.js'
import { nodeHttp } from '../values/node-http.js'
import { propagatorsRule, tracerRule } from '../values/rules.js'

/** Options of {@link traceNode}, {@link traceUpgrade}, {@link traceExpress} and {@link traceFastify}. */
export interface ServerOptions {
  /** Starts the requests' spans: what `createTracer` gives. */
  readonly tracer: Tracer
  /** The spans' kind. Default `request`. */
  readonly kind?: string
  /** The header that carries the ids, on requests and on responses. Default `X-Request-Id`. */
  readonly headerKey?: string
  /** Which headers carry a trace from and to other services: read in this order. Default `[requestId(headerKey)]`. */
  readonly propagators?: readonly Propagator[]
  /**
   * Whether a request that carries ids continues the caller's trace, or a function that decides: see `fromAddresses`. If the
   * function throws, the answer is no. Default false, since any client could choose the ids.
   */
  readonly honorReqHeader?: boolean | ((req: IncomingMessage) => boolean)
  /** Whether responses carry the trace id, in the header `headerKey`. Default true. */
  readonly addRespHeader?: boolean
  /**
   * Returns the name of a request's span, as it starts. Default, and if it throws or returns no text: the method and the
   * framework's route, or on plain Node servers the path.
   */
  readonly name?: (req: IncomingMessage) => string
  /** Requests that get no span, such as health checks. If it throws, the request gets one. Default none. */
  readonly ignore?: (req: IncomingMessage) => boolean
  /** Whether the query string is recorded; `mask` names parameters whose values are replaced by `***`. Default false. */
  readonly query?: boolean | { readonly mask: readonly string[] }
  /** Names of request headers to record. Default none. */
  readonly requestHeaders?: readonly string[]
  /** Names of response headers to record. Default none. */
  readonly responseHeaders?: readonly string[]
}

/** A header to record. */
export interface RecordedHeader {
  /** In lower case. */
  readonly name: string
  /** The key in the span's data. */
  readonly key: string
}

/** The options with their defaults. */
export interface Settings {
  readonly tracer: Tracer
  readonly kind: string
  readonly headerKey: string
  /** `headerKey` as Node's `req.headers` spells it. */
  readonly lowerKey: string
  /** Undefined by default: the id header alone, which is read and written without a propagator. */
  readonly propagators: readonly Propagator[] | undefined
  /** Whether `headerKey` is one of the headers that are read and written. */
  readonly readsHeaderKey: boolean
  readonly honorReqHeader: boolean | ((req: IncomingMessage) => boolean)
  readonly name: ((req: IncomingMessage) => string) | undefined
  readonly ignore: ((req: IncomingMessage) => boolean) | undefined
  /** Names of the parameters to mask, in lower case; undefined where the query string is not recorded. */
  readonly maskedParameters: ReadonlySet<string> | undefined
  readonly requestHeaders: readonly RecordedHeader[]
  readonly head: HeadRules
}

/** A header that is added to responses. */
export interface IdHeader {
  readonly name: string
  readonly lowerName: string
}

/** What is done with the heads of responses. */
export interface HeadRules {
  /** What carries the trace id; undefined where nothing is to. */
  readonly idHeader: IdHeader | undefined
  readonly recorded: readonly RecordedHeader[]
}

/** Headers that HTTP itself uses: an id in one of them would break the message or the connection. */
const TAKEN = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expect',
  'host',
  'keep-alive',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const headerNames: OptionRule = {
  expected: 'a list of HTTP header names',
  test: (value) => Array.isArray(value) && value.every(isHeaderName),
}

const RULES: Readonly<Record<keyof ServerOptions, OptionRule>> = {
  tracer: tracerRule,
  kind: optionRules.string,
  headerKey: {
    expected: 'the name of an HTTP header that HTTP itself does not use',
    test: (value) => isHeaderName(value) && !TAKEN.has(value.toLowerCase()),
  },
  propagators: propagatorsRule,
  honorReqHeader: {
    expected: 'true, false, or a function of the request',
    test: (value) => typeof value === 'boolean' || typeof value === 'function',
  },
  addRespHeader: optionRules.boolean,
  name: optionRules.function,
  ignore: optionRules.function,
  query: { expected: "true, false, or parameters to mask, such as { mask: ['token'] }", test: isQueryOption },
  requestHeaders: headerNames,
  responseHeaders: headerNames,
}

function isHeaderName(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    nodeHttp().validateHeaderName(value)
    return true
  } catch {
    return false
  }
}

function isQueryOption(value: unknown): boolean {
  if (typeof value === 'boolean') return true
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'mask') return false
  const mask: unknown = Reflect.get(value, 'mask')
  return Array.isArray(mask) && mask.every((name) => typeof name === 'string')
}

/**
 * Checks an adapter's options, and fills in the defaults.
 *
 * @param adapter its name, for the message
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function settingsFrom(adapter: string, options: ServerOptions): Settings {
  checkOptions(adapter, options, RULES)
  const { headerKey = DEFAULT_HEADER, propagators, query = false } = options
  const lowerKey = asKey(headerKey.toLowerCase())
  return {
    tracer: options.tracer,
    kind: options.kind ?? 'request',
    headerKey,
    lowerKey,
    propagators,
    readsHeaderKey: propagators?.some(({ headers }) => headers.some((name) => name.toLowerCase() === lowerKey)) ?? true,
    honorReqHeader: options.honorReqHeader ?? false,
    name: options.name,
    ignore: options.ignore,
    maskedParameters: maskedParameters(query),
    requestHeaders: recorded('request', options.requestHeaders),
    head: {
      idHeader: options.addRespHeader === false ? undefined : { name: headerKey, lowerName: lowerKey },
      recorded: recorded('response', options.responseHeaders),
    },
  }
}

function maskedParameters(query: NonNullable<ServerOptions['query']>): ReadonlySet<string> | undefined {
  if (query === false) return undefined
  return new Set(query === true ? [] : query.mask.map((name) => name.toLowerCase()))
}

function recorded(side: 'request' | 'response', names: readonly string[] = []): readonly RecordedHeader[] {
  return names.map((given) => {
    const name = given.toLowerCase()
    return { name: asKey(name), key: asKey(`http.${side}.header.${name}`) }
  })
}
