import { validateHeaderName } from 'node:http'
import { checkOptions, type OptionRule, optionRules, type Tracer } from '@trace/core'

/** Options of {@link traceNode}, {@link traceExpress} and {@link traceFastify}. */
export interface ServerOptions {
  /** Starts the requests' spans: what `createTracer` gives. */
  readonly tracer: Tracer
  /** The spans' kind. Default `request`. */
  readonly kind?: string
  /** The header that carries the ids, on requests and on responses. Default `X-Request-Id`. */
  readonly headerKey?: string
  /** Whether a request that carries ids continues the caller's trace. Default false: any client could choose them. */
  readonly honorReqHeader?: boolean
  /** Whether responses carry the trace id. Default true. */
  readonly addRespHeader?: boolean
}

/** The options with their defaults. */
export interface Settings extends Required<ServerOptions> {
  /** `headerKey` as Node's `req.headers` spells it. */
  readonly lowerKey: string
}

/** Headers that HTTP itself reads: an id in their place would break the message, or the connection. */
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

const RULES: Readonly<Record<keyof ServerOptions, OptionRule>> = {
  tracer: {
    expected: 'a tracer, such as createTracer() gives',
    test: (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'start') === 'function',
    required: true,
  },
  kind: optionRules.string,
  headerKey: {
    expected: 'the name of an HTTP header, one that HTTP has no use for itself',
    test: isFreeHeaderName,
  },
  honorReqHeader: optionRules.boolean,
  addRespHeader: optionRules.boolean,
}

function isFreeHeaderName(value: unknown): boolean {
  if (typeof value !== 'string' || TAKEN.has(value.toLowerCase())) return false
  try {
    validateHeaderName(value)
    return true
  } catch {
    return false
  }
}

/**
 * Checks an adapter's options, and fills in the defaults.
 *
 * @param adapter its name, for the message
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function settingsFrom(adapter: string, options: ServerOptions): Settings {
  checkOptions(adapter, options, RULES)
  const headerKey = options.headerKey ?? 'X-Request-Id'
  return {
    tracer: options.tracer,
    kind: options.kind ?? 'request',
    headerKey,
    lowerKey: headerKey.toLowerCase(),
    honorReqHeader: options.honorReqHeader ?? false,
    addRespHeader: options.addRespHeader ?? true,
  }
}
