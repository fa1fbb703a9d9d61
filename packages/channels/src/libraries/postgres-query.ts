import { type ActiveSpan, currentSpan, isTracing, type Tracer } from '@trace/core'
import { notes } from '../channel/notes.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { addDatabase, addDescribed, addQuery, type Database, failQuery } from './postgresql.js'
import { endingIterator, fulfilledBy, rejectedBy, type Settled } from './settling.js'
import { isMethod, isObject, methodOf, override, read, within } from './wrapping.js'

// The queries of postgres: https://github.com/porsager/postgres

const calls = notes<QueryCall>()
/** The prototypes of queries that are followed, by those of the library: to give each query methods of its own takes longer. */
const prototypes = new WeakMap<object, object>()

/**
 * Gives a query a span, once it starts.
 *
 * @param from its text or template
 */
export function followQuery(query: object, tracer: Tracer, database: Database, from: unknown): void {
  const original = Reflect.getPrototypeOf(query)
  if (original === null) return
  let followed = prototypes.get(original)
  if (followed === undefined) {
    followed = followedPrototype(original)
    prototypes.set(original, followed)
  }
  if (Reflect.setPrototypeOf(query, followed)) calls.put(query, new QueryCall(tracer, database, from))
}

/** Makes a prototype below another, with methods for those that start a query. */
function followedPrototype(original: object): object {
  const prototype: object = Object.create(original)
  const replace = (name: string, by: (call: QueryCall, args: unknown[]) => unknown[]): void => {
    const method = methodOf(original, name)
    if (method === undefined) return
    override(prototype, name, function (...args) {
      const call = isObject(this) ? calls.of(this) : undefined
      call?.start()
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

/** A query as far as it is known before it is sent. */
interface Written {
  readonly text: string
  readonly described: DescribedQuery
}

/** By templates, which are the same objects each time. */
const templates = new WeakMap<object, Written>()

/** With a placeholder for each value, name and other query in it. */
function writtenOf(from: unknown): Written {
  if (!Array.isArray(from)) return written(typeof from === 'string' ? from : '')
  let known = templates.get(from)
  if (known === undefined) {
    known = written(from.map((part, at) => (at === 0 ? part : `$${at}${part}`)).join(''))
    templates.set(from, known)
  }
  return known
}

function written(text: string): Written {
  return { text, described: describeQuery(text, 'standard') }
}

class QueryCall {
  readonly #tracer: Tracer
  readonly #database: Database
  readonly #from: unknown
  #text: string | undefined
  #caller: ActiveSpan | undefined
  #span: ActiveSpan | undefined
  #isStarted = false
  /** How many were given to a function. */
  #rows: number | undefined

  constructor(tracer: Tracer, database: Database, from: unknown) {
    this.#tracer = tracer
    this.#database = database
    this.#from = from
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#caller = currentSpan()
    if (!isTracing()) return
    const { text, described } = writtenOf(this.#from)
    const span = this.#tracer.start('db', 'query')
    this.#text = text
    this.#span = span
    addDatabase(span, this.#database)
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
    else failQuery(span, error)
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
  if (rows !== undefined) span.data['db.response.returned_rows'] = rows
}

function lengthOf(rows: unknown): number {
  return Array.isArray(rows) ? rows.length : 0
}

/** How many rows a query gave at once, or a cursor one after the other. */
function rowsOf(result: unknown): number | undefined {
  if (typeof result === 'number') return result
  return Array.isArray(result) && typeof read(result, 'command') === 'string' ? result.length : undefined
}
