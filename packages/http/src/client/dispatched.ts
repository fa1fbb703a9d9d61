import type { ActiveSpan } from '@trace/core'
import type { Dispatcher } from 'undici'
import type { RequestHeaders } from './ids.js'
import type { ClientSpan } from './requests.js'

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController
type Told<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>

/**
 * Passes on what a dispatcher tells of a request, and ends its span. undici tells it in the context of whichever request the connection
 * was opened for; a retry or redirect, which is sent from there, is the caller's.
 */
export class TracedHandler implements Handler {
  readonly #handler: Handler
  readonly #span: ClientSpan
  readonly #caller: ActiveSpan

  constructor(handler: Handler, span: ClientSpan, caller: ActiveSpan) {
    this.#handler = handler
    this.#span = span
    this.#caller = caller
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...args: Told<'onRequestUpgrade'>): void {
    this.#span.upgraded(args[1])
    this.#caller.run(() => this.#handler.onRequestUpgrade?.(...args))
  }

  onResponseStart(...args: Told<'onResponseStart'>): void {
    this.#span.answered(args[1])
    this.#caller.run(() => this.#handler.onResponseStart?.(...args))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(...args: Told<'onResponseEnd'>): void {
    this.#span.complete()
    this.#caller.run(() => this.#handler.onResponseEnd?.(...args))
  }

  onResponseError(controller: Controller, error: Error): void {
    this.#span.broke(error)
    this.#caller.run(() => this.#handler.onResponseError?.(controller, error))
  }

  // What is told for timings only, which not all versions do.

  onResponseStarted(): void {
    tell(this.#handler, 'onResponseStarted', [])
  }

  onBodySent(...args: unknown[]): void {
    tell(this.#handler, 'onBodySent', args)
  }

  onRequestSent(): void {
    tell(this.#handler, 'onRequestSent', [])
  }
}

function tell(handler: Handler, name: string, args: readonly unknown[]): void {
  const method: unknown = Reflect.get(handler, name)
  if (typeof method === 'function') Reflect.apply(method, handler, args)
}

type Values = string | string[] | undefined

/** A copy of a request's headers. */
interface CopiedHeaders extends RequestHeaders {
  /** In the form that the request had: other interceptors do not take every one. */
  readonly all: string[] | Record<string, Values>
}

/**
 * Copies a request's headers, to be changed. undici takes a list of names and values in turn, an object, and pairs.
 *
 * @returns undefined for anything else, which undici refuses
 */
export function changeable(headers: Dispatcher.DispatchOptions['headers']): CopiedHeaders | undefined {
  if (Array.isArray(headers)) return headers.length % 2 === 0 ? listed([...headers]) : undefined
  if (headers === null || headers === undefined) return named({})
  if (typeof headers !== 'object') return undefined
  return isPairs(headers) ? named(fromPairs(headers)) : named({ ...headers })
}

function isPairs(headers: object): headers is Iterable<[string, Values]> {
  return typeof Reflect.get(headers, Symbol.iterator) === 'function'
}

/** What is no pair becomes a header without a name, which undici refuses, too. */
function fromPairs(pairs: Iterable<[string, Values]>): Record<string, Values> {
  // A header may be called `__proto__`.
  const all: Record<string, Values> = Object.create(null)
  for (const pair of pairs) {
    const [name, value] = Array.isArray(pair) && pair.length === 2 ? pair : ['', '']
    const before = all[name]
    all[name] = before === undefined || value === undefined ? value : [before, value].flat()
  }
  return all
}

function listed(all: string[]): CopiedHeaders {
  const isNamed = (at: number, name: string): boolean => at % 2 === 0 && String(all[at]).toLowerCase() === name
  return {
    all,
    get: (name) => onlyOf(all.filter((_, at) => at % 2 === 1 && isNamed(at - 1, name))),
    set: (name, value) => all.push(name, value),
    remove(name) {
      for (let at = all.length - 2; at >= 0; at -= 2) if (isNamed(at, name)) all.splice(at, 2)
    },
  }
}

function named(all: Record<string, Values>): CopiedHeaders {
  const keysOf = (name: string): string[] => Object.keys(all).filter((key) => key.toLowerCase() === name)
  return {
    all,
    get: (name) => onlyOf(keysOf(name).flatMap((key) => all[key] ?? [])),
    set(name, value) {
      all[name] = value
    },
    remove(name) {
      for (const key of keysOf(name)) delete all[key]
    },
  }
}

function onlyOf(values: readonly string[]): unknown {
  return values.length > 1 ? values : values[0]
}
