import type { Span } from '../contract/span.js'

/** A mistake in how this package was called, with a code that stays the same while messages may change. */
export class TraceError extends Error {
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isOfAnyCopy('TraceError')
  override readonly name = 'TraceError'
  /** Such as `TRACE_BAD_OPTION`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Some spans of a batch could not be stored. */
export class RecordError extends Error {
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isOfAnyCopy('RecordError')
  override readonly name = 'RecordError'
  /** Those which are not stored; all others of the batch are. */
  readonly spans: readonly Span[]

  /**
   * @param message what happened, where, and what to do
   * @param spans those of the batch which are not stored
   * @param options `cause`: the error beneath
   */
  constructor(message: string, spans: readonly Span[], options?: ErrorOptions) {
    super(message, options)
    this.spans = spans
  }
}

/**
 * What `instanceof` says of a class of errors that may come from another copy of this package, such as the CommonJS one: these
 * are known by their name. Of a class derived from it, no other copy has any.
 *
 * @param name that all its errors have
 */
export function isOfAnyCopy(name: string): (this: object, value: unknown) => boolean {
  return function (value) {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    if (!Object.hasOwn(this, Symbol.hasInstance)) return false
    return Object.prototype.toString.call(value) === '[object Error]' && errorType(value) === name
  }
}

/**
 * What a value is, for messages that say what was expected and what was got. Never longer than 80 characters, and never
 * throws.
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
  const maker: unknown = Object.getPrototypeOf(value)?.constructor
  const name = typeof maker === 'function' && maker !== Object ? maker.name : ''
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

/** The name of a function or class; `anonymous` where it has none. Never throws. */
export function nameOf(value: unknown): string {
  try {
    const name: unknown = Reflect.get(value as object, 'name')
    return typeof name === 'string' && name !== '' ? name : 'anonymous'
  } catch {
    return 'anonymous'
  }
}

/** The type of something thrown: an error's `name`, or what kind of value it is. Never throws. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error
  try {
    const name: unknown = Reflect.get(error, 'name')
    if (typeof name === 'string' && name !== '') return name
    return nameOf(Reflect.get(error, 'constructor'))
  } catch {
    return 'Error'
  }
}

/** The message of something thrown: an error's `message`, or the value's text. Never throws. */
export function errorMessage(error: unknown): string {
  try {
    if (typeof error === 'object' && error !== null) {
      const message: unknown = Reflect.get(error, 'message')
      if (typeof message === 'string') return message === '' ? reasonOf(error) : message
    }
    return String(error)
  } catch {
    return '[no text]'
  }
}

const MOST_REASONS = 8

/**
 * What an error without a message says otherwise: the messages of its parts, or its code. Node makes such errors where none of
 * a host's addresses can be connected to (https://nodejs.org/api/net.html, `autoSelectFamily`).
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

/** Something thrown, as text in data. Never throws. */
export function errorText(error: unknown): string {
  return `[${errorType(error)}: ${errorMessage(error)}]`
}
