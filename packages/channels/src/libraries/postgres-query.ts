import { type ActiveSpan, currentSpan, dataToWrite, isTracing, type Tracer } from '@trace/core'
import { notes } from '../channel/notes.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { addDatabase, addDescribed, addQuery, type Database } from './postgresql.js'
import { failQuery } from './query-error.js'
import { endingIterator, fulfilledBy, rejectedBy, type Settled } from './settling.js'
import { isMethod, isObject, methodOf, override, read, within } from './wrapping.js'

// The queries of postgres: https://github.com/porsager/postgres

const calls = notes<QueryCall>()

/** Follows the queries of one function of postgres, so that each has a span once it starts. */
export class QueryFollower {
  readonly #tracer: Tracer
  readonly #database: Database
  /** The prototype of the library's queries; undefined until there is one. */
  original: object | undefined
  /** The prototype of those that are followed: to give each query methods of its own would take longer. */
  followed: object | null = null

  constructor(tracer: Tracer, database: Database) {
    this.#tracer = tracer
    this.#database = database
  }

  /** Follows what the function gave, if it is a query. Short, so that V8 still inlines how the library makes queries. */
  follow<T>(made: T): T {
    if (isObject(made) && Reflect.getPrototypeOf(made) === this.original) Reflect.setPrototypeOf(made, this.followed)
    // A name or a value, for a part of a query, is no promise.
    else if (this.original === undefined && made instanceof Promise) this.#followFirst(made)
    return made
  }

  #followFirst(query: object): void {
    const original = Reflect.getPrototypeOf(query)
    if (original === null) return
    this.original = original
    this.followed = this.#prototypeBelow(original)
    Reflect.setPrototypeOf(query, this.followed)
  }

  /** Makes a prototype below another, with methods for those that start a query. */
  #prototypeBelow(original: object): object {
    const prototype: object = Object.create(original)
    const started = (query: unknown): QueryCall | undefined => (isObject(query) ? this.#start(query) : undefined)
    const replace = (name: string, by: (call: QueryCall, args: unknown[]) => unknown[]): void => {
      const method = methodOf(original, name)
      if (method === undefined) return
      override(prototype, name, function (...args) {
        const call = started(this)
        const result = Reflect.apply(method, this, call === undefined ? args : by(call, args))
        return call === undefined || result === this || name !== 'cursor' ? result : call.iterable(result)
      })
    }
    replace('then', (call, args) => call.settling(args))
    replace('execute', (_, args) => args)
    replace('forEach', (call, args) => call.inCaller(args, () => 1))
    replace('cursor', (call, args) => call.inCaller(args, lengthOf))
    return prototype
  }

  #start(query: object): QueryCall {
    const before = calls.of(query)
    if (before !== undefined) return before
    const call = new QueryCall(currentSpan())
    calls.put(query, call)
    if (isTracing()) call.start(this.#tracer, this.#database, read(query, 'strings'))
    return call
  }
}

/** A query as far as it is known before it is sent. */
interface Written {
  readonly text: string
  readonly described: DescribedQuery
}

/** By templates, which are the same objects each time. */
const templates = new WeakMap<object, Written>()

/**
 * With a placeholder for each value, name and other query in it.
 *
 * @param strings what the library keeps of it until it is sent; where it keeps something else, the text is known once it has ended
 */
function writtenOf(strings: unknown): Written {
  if (!Array.isArray(strings)) return written('')
  let known = templates.get(strings)
  if (known !== undefined) return known
  known = written(strings.map((part, at) => (at === 0 ? part : `$${at}${part}`)).join(''))
  if (read(strings, 'raw') !== undefined) templates.set(strings, known)
  return known
}

function written(text: string): Written {
  return { text, described: describeQuery(text, 'standard') }
}

class QueryCall {
  readonly #caller: ActiveSpan | undefined
  #span: ActiveSpan | undefined
  #text = ''
  /** How many were given to a function. */
  #rows: number | undefined

  constructor(caller: ActiveSpan | undefined) {
    this.#caller = caller
  }

  start(tracer: Tracer, database: Database, strings: unknown): void {
    const { text, described } = writtenOf(strings)
    const span = tracer.start('db', 'query')
    this.#text = text
    this.#span = span
    addDatabase(span, database)
    addDescribed(span, described)
  }

  /** What `then` is given, with the end of the span before it. */
  settling(args: unknown[]): unknown[] {
    if (this.#span === undefined) return args
    const [fulfilled, rejected] = args
    const settled: Settled = (error, result) => this.#finish(error, result)
    return [
      fulfilledBy(isMethod(fulfilled) ? fulfilled : undefined, settled),
      rejectedBy(isMethod(rejected) ? rejected : undefined, settled),
    ]
  }

  #finish(error: unknown, result: unknown): void {
    const span = this.#span
    if (span === undefined) return
    this.#span = undefined
    const sent = error === undefined ? read(read(result, 'statement'), 'string') : read(error, 'query')
    if (typeof sent === 'string' && sent !== this.#text) addQuery(span, sent)
    if (error === undefined) addRows(span, this.#rows ?? rowsOf(result))
    else failQuery(span, error, { text: typeof sent === 'string' ? sent : this.#text, dialect: 'standard' })
    span.finish()
  }

  /** Functions that get rows run in the caller's span; anything else comes back as it is. */
  inCaller(args: unknown[], sizeOf: (rows: unknown) => number): unknown[] {
    return args.map((arg) => {
      if (!isMethod(arg)) return arg
      return (...given: unknown[]) => {
        this.#rows = (this.#rows ?? 0) + sizeOf(given[0])
        return within(this.#caller, () => arg(...given))
      }
    })
  }

  iterable(iterable: unknown): unknown {
    const iteratorOf = Reflect.get(Object(iterable), Symbol.asyncIterator)
    if (!isMethod(iteratorOf)) return iterable
    const settled: Settled = (error, result) => this.#finish(error, result)
    return {
      [Symbol.asyncIterator]: () =>
        endingIterator(Reflect.apply(iteratorOf, iterable, []) as AsyncIterator<unknown>, lengthOf, settled),
    }
  }
}

function addRows(span: ActiveSpan, rows: number | undefined): void {
  if (rows !== undefined) dataToWrite(span)['db.response.returned_rows'] = rows
}

function lengthOf(rows: unknown): number {
  return Array.isArray(rows) ? rows.length : 0
}

/** How many rows a query gave at once, or a cursor one after the other. */
function rowsOf(result: unknown): number | undefined {
  if (typeof result === 'number') return result
  return Array.isArray(result) && typeof read(result, 'command') === 'string' ? result.length : undefined
}
