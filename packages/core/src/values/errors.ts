import type { Span } from '../contract/span.js'

/** A mistake in a call of this package. Its code stays the same; its message may change. */
export class TraceError extends Error {
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isOfAnyCopy('TraceError')
  override readonly name = 'TraceError'
  /** The sort of mistake, such as `TRACE_BAD_OPTION`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Says which spans of a batch could not be stored. */
export class RecordError extends Error {
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isOfAnyCopy('RecordError')
  override readonly name = 'RecordError'
  /** The spans that are not stored. All others of the batch are. */
  readonly spans: readonly Span[]
  /**
   * Whether another try may succeed, as on a disk that is full now. The tracer then keeps these spans waiting, and tries again
   * later. Otherwise they are lost.
   */
  readonly retry: boolean

  /**
   * @param message what happened, where, and what to do about it
   * @param spans the spans of the batch that are not stored
   * @param options `cause`: the error that led to this one; `retry`, default false
   */
  constructor(message: string, spans: readonly Span[], options: ErrorOptions & { readonly retry?: boolean } = {}) {
    super(message, options)
    this.spans = spans
    this.retry = options.retry ?? false
  }
}

/**
 * `instanceof` for a class of errors that may come from another copy of this package, such as the CommonJS one: it goes by their
 * name. A class derived from this one works as usual.
 *
 * @param name the name of its errors
 */
function isOfAnyCopy(name: string): (this: object, value: unknown) => boolean {
  return function (value) {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    if (!Object.hasOwn(this, Symbol.hasInstance)) return false
    return Object.prototype.toString.call(value) === '[object Error]' && errorType(value) === name
  }
}

/**
 * Describes a value, for messages such as "expected a string, got a Date". At most 80 characters. Never throws.
 */
export function describe(value: unknown): string {
  try {
    return describeAny(value)
  } catch {
    return typeof value === 'function' ? 'a function' : 'an object'
  }
}

function describeAny(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return cut(JSON.stringify(value.slice(0, 80)))
  if (typeof value === 'bigint') return cut(`${value}n`)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'symbol') return cut(String(value))
  if (typeof value === 'function') return cut(value.name ? `function ${value.name}` : 'a function')
  if (Array.isArray(value)) return cut(describeArray(value))
  const type: unknown = Object.getPrototypeOf(value)?.constructor
  const name = typeof type === 'function' && type !== Object ? type.name : ''
  return cut(name ? `a ${name}` : 'an object')
}

function describeArray(array: readonly unknown[]): string {
  const first = array.slice(0, 5).map((item) => (Array.isArray(item) ? `an array of ${item.length}` : describe(item)))
  return first.length === 0 ? 'an empty array' : `an array of ${array.length}: ${first.join(', ')}`
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/** The code of a system error, such as `ENOENT`, or else its message. Never throws. */
export function errorCode(error: unknown): string {
  try {
    const code: unknown = Reflect.get(Object(error), 'code')
    return typeof code === 'string' ? code : errorMessage(error)
  } catch {
    return errorMessage(error)
  }
}

/** The name of a function or class; `anonymous` if it has none. Never throws. */
export function nameOf(value: unknown): string {
  try {
    const name: unknown = Reflect.get(value as object, 'name')
    return typeof name === 'string' && name !== '' ? name : 'anonymous'
  } catch {
    return 'anonymous'
  }
}

/** The type of a thrown value: an error's `name`, or the type of any other value. Never throws. */
export function errorType(error: unknown): string {
  if (error === null) return 'null'
  if (typeof error !== 'object') return typeof error
  try {
    const name: unknown = Reflect.get(error, 'name')
    if (typeof name === 'string' && name !== '') return name
    return nameOf(Reflect.get(error, 'constructor'))
  } catch {
    return 'Error'
  }
}

/**
 * The message of a thrown value: an error's `message`, or any other value as text; of an object without a text of its own, its first
 * entries. Never throws.
 */
export function errorMessage(error: unknown): string {
  try {
    if (typeof error === 'object' && error !== null) {
      const message: unknown = Reflect.get(error, 'message')
      if (typeof message === 'string') return message === '' ? reasonOf(error) : message
      const text = String(error)
      return text === '[object Object]' ? entriesOf(error) : text
    }
    return typeof error === 'function' ? `[Function: ${nameOf(error)}]` : String(error)
  } catch {
    return '[no text]'
  }
}

const MOST_REASONS = 8

/**
 * What an error without a message says instead: the messages of its parts, or its code. Node throws such errors when it cannot
 * connect to any address of a host (https://nodejs.org/api/net.html, `autoSelectFamily`).
 */
function reasonOf(error: object): string {
  const [parts, code]: unknown[] = [Reflect.get(error, 'errors'), Reflect.get(error, 'code')]
  const messages = Array.isArray(parts) ? parts.slice(0, MOST_REASONS + 1).map(ownMessage) : []
  const reasons = [...new Set(messages)].filter((message) => message !== '')
  if (reasons.length > MOST_REASONS) reasons[MOST_REASONS] = '…'
  if (reasons.length > 0) return reasons.join('; ')
  return typeof code === 'string' ? code : ''
}

function ownMessage(error: unknown): string {
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : ''
  return typeof message === 'string' ? message : ''
}

const MOST_ENTRIES = 8

/** An object that is no error and has no text of its own. */
function entriesOf(object: object): string {
  const keys = Object.keys(object)
  if (keys.length === 0) return '{}'
  const entries = keys.slice(0, MOST_ENTRIES).map((key) => `${cut(key)}: ${describe(Reflect.get(object, key))}`)
  return `{ ${entries.join(', ')}${keys.length > MOST_ENTRIES ? ', …' : ''} }`
}

/** A thrown value as text, for data. Never throws. */
export function errorText(error: unknown): string {
  return `[${errorType(error)}: ${errorMessage(error)}]`
}
