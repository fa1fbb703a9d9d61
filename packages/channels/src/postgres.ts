import { describe, isTracing, outsideTraces, type Tracer } from '@trace/core'
import { QueryFollower } from './libraries/postgres-query.js'
import { addDatabase, type Database, databaseOf } from './libraries/postgresql.js'
import { isMethod, type Method, methodOf, read } from './libraries/wrapping.js'

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
  readonly #queries: QueryFollower

  constructor(tracer: Tracer, database: Database) {
    this.#tracer = tracer
    this.#database = database
    this.#queries = new QueryFollower(tracer, database)
  }

  /** A function with the properties of the library's, but for those of its methods that make queries, or other functions like it. */
  wrap<T extends object>(sql: T): T {
    if (!isMethod(sql)) return sql
    const queries = this.#queries
    const query: Method = (...args) => queries.follow(Reflect.apply(sql, undefined, args))
    const wrapper: T = Object.setPrototypeOf(query, Reflect.getPrototypeOf(sql))
    Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(sql))
    for (const [name, wrapped] of this.#methodsOf(sql)) {
      const original = methodOf(sql, name)
      if (original !== undefined) Reflect.set(wrapper, name, wrapped(original))
    }
    traced.add(wrapper)
    return wrapper
  }

  #methodsOf(sql: object): [string, (original: Method) => Method][] {
    const query =
      (original: Method): Method =>
      (...args) =>
        this.#queries.follow(Reflect.apply(original, sql, args))
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
      ['file', query],
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
}
