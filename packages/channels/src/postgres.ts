import { type ActiveSpan, currentSpan, describe, isTracing, outsideTraces, type Tracer } from '@trace/core'
import { addDatabase, addQuery, type Database, databaseOf, failQuery } from './libraries/postgresql.js'
import { endingIterator, fulfilledBy, rejectedBy, type Settled } from './libraries/settling.js'
import { isMethod, isThenable, type Method, methodOf, override, read, within } from './libraries/wrapping.js'

// postgres: https://github.com/porsager/postgres

/** The functions that are traced already. */
const traced = new WeakSet<object>()

/**
 * Gives a function like that of postgres.js, whose queries have spans: below the current span of whoever starts them, which is whoever
 * awaits them first. Transactions and savepoints have one, too, with their queries below. The function that it is given stays as it is,
 * and its queries have no spans. Outside a trace nothing is recorded.
 *
 * @param sql what `postgres(…)` returned
 * @throws {TypeError} if it is something else
 */
export function tracePostgres<T extends object>(tracer: Tracer, sql: T): T {
  if (!isMethod(sql) || methodOf(sql, 'unsafe') === undefined) {
    throw new TypeError(`tracePostgres: expected what postgres(…) returned, got ${describe(sql)}`)
  }
  if (traced.has(sql)) {
    tracer.warn('postgres traced twice', 'these queries of postgres are traced already: call tracePostgres once')
    return sql
  }
  return new TracedSql(tracer, databaseOfOptions(read(sql, 'options'))).wrap(sql)
}

/** The first of the hosts of the options, if there is only one; where there are several, a query may go to any. */
function databaseOfOptions(options: unknown): Database {
  const only = (key: string): unknown => {
    const values = read(options, key)
    return Array.isArray(values) && values.length === 1 ? values[0] : undefined
  }
  const host = read(options, 'path') || only('host')
  return databaseOf({ database: read(options, 'database'), host, port: host === undefined ? undefined : only('port') })
}

class TracedSql {
  readonly #tracer: Tracer
  readonly #database: Database

  constructor(tracer: Tracer, database: Database) {
    this.#tracer = tracer
    this.#database = database
  }

  /** The function itself, and those of its methods that make queries, or other functions like it. */
  wrap<T extends object>(sql: T): T {
    const methods = new Map<unknown, Method>()
    for (const [name, wrapped] of this.#methodsOf(sql)) {
      const original = methodOf(sql, name)
      if (original !== undefined) methods.set(original, wrapped(original))
    }
    const wrapper = new Proxy(sql, {
      apply: (target, self, args) =>
        this.#traceQuery(isMethod(target) ? Reflect.apply(target, self, args) : undefined, args[0]),
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key)
        return methods.get(value) ?? value
      },
    })
    traced.add(wrapper)
    return wrapper
  }

  #methodsOf(sql: object): [string, (original: Method) => Method][] {
    const query =
      (original: Method): Method =>
      (...args) =>
        this.#traceQuery(Reflect.apply(original, sql, args), args[0])
    const outside =
      (original: Method): Method =>
      (...args) =>
        outsideTraces(() => Reflect.apply(original, sql, args))
    const scope =
      (name: string) =>
      (original: Method): Method =>
      (...args) =>
        this.#traceScope(name, original, sql, args)
    const reserve =
      (original: Method): Method =>
      async (...args) => {
        const reserved = await Reflect.apply(original, sql, args)
        return isMethod(reserved) ? this.wrap(reserved) : reserved
      }
    return [
      ['unsafe', query],
      [
        'file',
        (original) =>
          (...args) =>
            this.#traceQuery(Reflect.apply(original, sql, args), ''),
      ],
      ['begin', scope('transaction')],
      ['savepoint', scope('savepoint')],
      ['reserve', reserve],
      // What these tell later belongs to no request.
      ['listen', outside],
      ['subscribe', outside],
    ]
  }

  /** A transaction, or a part of one: its last argument gets a function like `sql`. */
  #traceScope(name: string, original: Method, sql: object, args: readonly unknown[]): unknown {
    const wrapped = args.map((arg) => (isMethod(arg) ? this.#withWrapped(arg) : arg))
    if (!isTracing()) return Reflect.apply(original, sql, wrapped)
    return this.#tracer.span('db', name, async (span) => {
      addDatabase(span, this.#database)
      return Reflect.apply(original, sql, wrapped)
    })
  }

  #withWrapped(fn: Method): Method {
    return (inner, ...rest) => fn(isMethod(inner) ? this.wrap(inner) : inner, ...rest)
  }

  /**
   * A query starts when it is awaited first. Until then it may become a part of another one, which then is no query of its own.
   *
   * @param from the query's text or template
   */
  #traceQuery(query: unknown, from: unknown): unknown {
    // A name or a value, for a part of a query, is no promise.
    if (isThenable(query)) new QueryCall(this.#tracer, this.#database, textOf(from)).follow(query)
    return query
  }
}

/** The texts of templates, which are the same objects each time. */
const templates = new WeakMap<object, string>()

/** A query's text as far as it is known before it is sent: with a placeholder for each value, name and other query in it. */
function textOf(from: unknown): string {
  if (!Array.isArray(from)) return typeof from === 'string' ? from : ''
  const known = templates.get(from)
  if (known !== undefined) return known
  const text = from.map((part, at) => (at === 0 ? part : `$${at}${part}`)).join('')
  templates.set(from, text)
  return text
}

class QueryCall {
  readonly #tracer: Tracer
  readonly #database: Database
  readonly #text: string
  #caller: ActiveSpan | undefined
  #span: ActiveSpan | undefined
  #isStarted = false
  /** How many were given to a function. */
  #rows: number | undefined

  constructor(tracer: Tracer, database: Database, text: string) {
    this.#tracer = tracer
    this.#database = database
    this.#text = text
  }

  follow(query: PromiseLike<unknown>): void {
    const settled: Settled = (error, result) => this.#finish(error, result)
    this.#replace(query, 'then', (then, [fulfilled, rejected]) => {
      const given = (fn: unknown): Method | undefined => (isMethod(fn) ? fn : undefined)
      return then([fulfilledBy(given(fulfilled), settled), rejectedBy(given(rejected), settled)])
    })
    this.#replace(query, 'execute', (execute, args) => execute(args))
    this.#replace(query, 'forEach', (forEach, args) => forEach(args.map((arg) => this.#inCaller(arg, () => 1))))
    this.#replace(query, 'cursor', (cursor, args) => {
      const cursored = cursor(args.map((arg) => this.#inCaller(arg, lengthOf)))
      return cursored === query ? cursored : this.#iterable(cursored, settled)
    })
  }

  /** Replaces one of the methods that start a query. */
  #replace(
    query: object,
    name: string,
    by: (original: (args: unknown[]) => unknown, args: unknown[]) => unknown,
  ): void {
    const original = methodOf(query, name)
    if (original === undefined) return
    override(query, name, (...args) => {
      this.#start()
      return by((given) => Reflect.apply(original, query, given), args)
    })
  }

  #start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#caller = currentSpan()
    if (!isTracing()) return
    this.#span = this.#tracer.start('db', 'query')
    addDatabase(this.#span, this.#database)
    addQuery(this.#span, this.#text)
  }

  #finish(error: unknown, result: unknown): void {
    const span = this.#span
    if (span === undefined) return
    this.#span = undefined
    const sent = error === undefined ? read(read(result, 'statement'), 'string') : read(error, 'query')
    if (typeof sent === 'string' && sent !== this.#text) addQuery(span, sent)
    if (error === undefined) span.data['db.response.returned_rows'] = this.#rows ?? rowsOf(result)
    else failQuery(span, error)
    span.finish()
  }

  /** A function that gets rows, which runs in the caller's span; anything else comes back as it is. */
  #inCaller(arg: unknown, sizeOf: (rows: unknown) => number): unknown {
    if (!isMethod(arg)) return arg
    return (...given: unknown[]) => {
      this.#rows = (this.#rows ?? 0) + sizeOf(given[0])
      return within(this.#caller, () => arg(...given))
    }
  }

  #iterable(iterable: unknown, settled: Settled): unknown {
    const iteratorOf = Reflect.get(Object(iterable), Symbol.asyncIterator)
    if (!isMethod(iteratorOf)) return iterable
    return {
      [Symbol.asyncIterator]: () =>
        endingIterator(Reflect.apply(iteratorOf, iterable, []) as AsyncIterator<unknown>, lengthOf, settled),
    }
  }
}

function lengthOf(rows: unknown): number {
  return Array.isArray(rows) ? rows.length : 0
}

/** How many rows a query gave at once, or a cursor one after the other. */
function rowsOf(result: unknown): number | undefined {
  if (typeof result === 'number') return result
  return Array.isArray(result) && typeof read(result, 'command') === 'string' ? result.length : undefined
}
