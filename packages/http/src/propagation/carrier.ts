import { types } from 'node:util'
import { currentSpan, describe, onOneLine, type TraceOptions, warn } from '@trace/core'
import { extractFirst, type GetHeader, type Propagator, type SetHeader } from './propagator.js'
import { requestId } from './request-id.js'

/** What keeps values by name in ways of its own, as a `Map` and the `Headers` of `fetch` do. */
export interface CarrierMap {
  keys(): Iterable<unknown>
  get(name: string): unknown
  set(name: string, value: string): unknown
}

/**
 * Anything that carries text under names: a queue's message attributes, a worker's data, the headers of another protocol.
 * Values may be bytes, as Kafka's are.
 */
export type Carrier = Record<string, unknown> | CarrierMap

/** What is read and written where nothing else is asked for. */
const DEFAULT: readonly Propagator[] = [requestId()]

/** Options of {@link inject} and {@link extract}. */
export interface CarrierOptions {
  /** Which headers; default `[requestId()]`. */
  readonly propagators?: readonly Propagator[]
}

/**
 * Writes the current span's ids into a carrier, for the process that receives it. Outside a trace it writes nothing. Never throws:
 * if the carrier cannot be written to, the tracer warns.
 *
 * @returns the carrier
 */
export function inject<C extends Carrier>(carrier: C, options?: CarrierOptions): C {
  const span = currentSpan()
  if (span === undefined || typeof carrier !== 'object' || carrier === null) return carrier
  try {
    const set: SetHeader = isMap(carrier)
      ? (name, value) => void carrier.set(name, value)
      : (name, value) => {
          carrier[name] = value
        }
    for (const propagator of options?.propagators ?? DEFAULT) propagator.inject(span, set)
  } catch (error) {
    warnOf('inject', error)
  }
  return carrier
}

/**
 * Reads the ids of a carrier, for a trace that goes on here:
 * `tracer.trace('queue', 'message', handle, extract(message.attributes))`. Only for carriers that come from a sender you
 * trust. Names are found in any spelling. Never throws: if the carrier cannot be read, the current span's
 * tracer warns, or outside a trace the process.
 *
 * @returns undefined, with which `tracer.trace` begins a new trace, where it holds nothing well-formed
 */
export function extract(carrier: Readonly<Carrier>, options?: CarrierOptions): TraceOptions | undefined {
  if (typeof carrier !== 'object' || carrier === null) return undefined
  try {
    return read(carrier, options?.propagators ?? DEFAULT)
  } catch (error) {
    warnOf('extract', error)
    return undefined
  }
}

function read(carrier: Readonly<Carrier>, propagators: readonly Propagator[]): TraceOptions | undefined {
  const names = new Map<string, string>()
  for (const name of isMap(carrier) ? carrier.keys() : Object.keys(carrier)) {
    if (typeof name === 'string') names.set(name.toLowerCase(), name)
  }
  const get: GetHeader = (lowerName) => {
    const name = names.get(lowerName) ?? lowerName
    const value: unknown = isMap(carrier) ? carrier.get(name) : Reflect.get(carrier, name)
    if (typeof value === 'string') return value
    return types.isUint8Array(value) && value.length <= LONGEST_BYTES ? new TextDecoder().decode(value) : undefined
  }
  return extractFirst(propagators, get)
}

function warnOf(what: 'inject' | 'extract', error: unknown): void {
  try {
    const why = error instanceof Error ? error.message : describe(error)
    warn(what, `${what}: ${onOneLine(why)}; the trace is not carried on`)
  } catch {
    // The error itself cannot be read.
  }
}

/** Far beyond what any propagator takes. */
const LONGEST_BYTES = 16_384

function isMap(carrier: Readonly<Carrier>): carrier is CarrierMap {
  return ['keys', 'get', 'set'].every((method) => typeof Reflect.get(carrier, method) === 'function')
}
