import { type ActiveSpan, currentSpan, dataToWrite, describe, isTracing, outsideTraces, type Tracer } from '@trace/core'
import { addDatabase, addQuery, type Database, databaseOf } from './libraries/postgresql.js'
import { failQuery, type Query } from './libraries/query-error.js'
import { settlingAlike } from './libraries/settling.js'
import { isSubmittable, traceSubmittable } from './libraries/submittable.js'
import { isMethod, isObject, isThenable, type Method, methodOf, override, read, within } from './libraries/wrapping.js'

// pg: https://node-postgres.com/apis/pool and https://node-postgres.com/apis/client

/** Pools and clients that are traced. */
const traced = new WeakSet<object>()

/**
 * Records a span for each query of a pool or client of pg, below the current span of whoever made it, and for the time in which it
 * waits for a connection. The object gets methods of its own; its class and the library stay as they are. Results, errors and events
 * are the same. Callbacks run in the caller's span. Outside a trace nothing is recorded.
 *
 * @param poolOrClient a `Pool` or a `Client`, before it connects
 * @returns the same object
 * @throws {TypeError} if it is neither
 */
export function tracePg<T extends object>(tracer: Tracer, poolOrClient: T): T {
  if (methodOf(poolOrClient, 'query') === undefined || methodOf(poolOrClient, 'connect') === undefined) {
    throw new TypeError(`tracePg: expected a Pool or a Client of pg, got ${describe(poolOrClient)}`)
  }
  if (traced.has(poolOrClient)) {
    tracer.warn('pg traced twice', 'this pool or client of pg is traced already: call tracePg once for each')
  } else if (typeof read(poolOrClient, 'totalCount') === 'number') {
    tracePool(tracer, poolOrClient)
  } else {
    traceQueries(tracer, poolOrClient)
    traceConnect(tracer, poolOrClient)
  }
  return poolOrClient
}

/** Calls the method that was replaced, on the object that it was called on. */
type Call = (args: readonly unknown[]) => unknown

/** Puts a method in the place of another, which it is given. */
function replace(tracer: Tracer, object: object, name: string, by: (original: Method) => Method): void {
  const original = methodOf(object, name)
  if (original === undefined) return
  traced.add(object)
  if (override(object, name, by(original))) return
  tracer.warn('pg not traced', `"${name}" of a pool or client of pg cannot be traced: the object is frozen`)
}

/** A pool asks itself for a connection for each of its queries, and gives that to the client. */
function tracePool(tracer: Tracer, pool: object): void {
  let database: Database | undefined
  const whereOf = (client: unknown): Database => {
    database ??= databaseOf(client ?? unconnectedClient(pool) ?? read(pool, 'options'))
    return database
  }
  replace(
    tracer,
    pool,
    'connect',
    (connect) =>
      function (...args) {
        const caller = currentSpan()
        const name = isTracing() ? waitOf(pool) : undefined
        const span = name === undefined ? undefined : tracer.start('db', name)
        const settled = (error: unknown, client: unknown): void => {
          if (isObject(client) && !traced.has(client)) traceQueries(tracer, client)
          if (span !== undefined) finishConnect(span, whereOf(client), error)
        }
        return connecting((given) => Reflect.apply(connect, this, given), args, caller, settled)
      },
  )
}

/**
 * A client as the pool makes them, which knows where it would connect to: pg takes that from the options, a connection string, the
 * environment, and its defaults.
 */
function unconnectedClient(pool: object): unknown {
  const [Client, options] = [read(pool, 'Client'), read(pool, 'options')]
  const [host, port, database] = [read(options, 'host'), read(options, 'port'), read(options, 'database')]
  try {
    // No stream or other object of the program's: those belong to its connections.
    const given = {
      host,
      port,
      database,
      user: read(options, 'user'),
      connectionString: read(options, 'connectionString'),
    }
    return isMethod(Client) ? Reflect.construct(Client, [given]) : undefined
  } catch {
    return undefined
  }
}

/** What a pool does first for whoever asks for a connection; undefined if it has one that is idle. */
function waitOf(pool: object): string | undefined {
  const count = (key: string): number => Number(read(pool, key))
  if (count('idleCount') > count('waitingCount')) return undefined
  const isFull = count('totalCount') >= Number(read(read(pool, 'options'), 'max'))
  return isFull ? 'wait for a connection of the pool' : 'connect to postgresql'
}

function traceConnect(tracer: Tracer, client: object): void {
  replace(
    tracer,
    client,
    'connect',
    (connect) =>
      function (...args) {
        const caller = currentSpan()
        const span = isTracing() ? tracer.start('db', 'connect to postgresql') : undefined
        const settled = (error: unknown): void => {
          if (span !== undefined) finishConnect(span, databaseOf(client), error)
        }
        return connecting((given) => Reflect.apply(connect, this, given), args, caller, settled)
      },
  )
}

function finishConnect(span: ActiveSpan, database: Database, error: unknown): void {
  addDatabase(span, database)
  if (isObject(error)) failQuery(span, error, queryOf(''))
  span.finish()
}

/**
 * Connects outside any trace, since a connection outlives the request that needed it first: what arrives on it later would run in
 * that request's span.
 */
function connecting(
  connect: Call,
  args: readonly unknown[],
  caller: ActiveSpan | undefined,
  settled: (error: unknown, client: unknown) => void,
): unknown {
  const [callback] = args
  if (isMethod(callback)) {
    const wrapped: Method = function (...results) {
      settled(results[0], results[1])
      return within(caller, () => Reflect.apply(callback, this, results))
    }
    return outsideTraces(() => connect([wrapped]))
  }
  const result = outsideTraces(() => connect(args))
  return isThenable(result) ? settlingAlike(result, settled) : result
}

function traceQueries(tracer: Tracer, client: object): void {
  const database = databaseOf(client)
  replace(
    tracer,
    client,
    'query',
    (query) =>
      function (...args) {
        const caller = currentSpan()
        const span = isTracing() ? startQuery(tracer, database, args[0]) : undefined
        try {
          return querying((given) => Reflect.apply(query, this, given), args, caller, span)
        } catch (error) {
          if (span !== undefined) finishQuery(span, args[0], error)
          throw error
        }
      },
  )
}

function startQuery(tracer: Tracer, database: Database, query: unknown): ActiveSpan {
  const span = tracer.start('db', 'query')
  addDatabase(span, database)
  addQuery(span, textOf(query))
  return span
}

/** The text of a query, also of a cursor and a stream; of a prepared one that has only a name, what executes it. */
function textOf(query: unknown): string {
  if (typeof query === 'string') return query
  const [text, name] = [read(query, 'text') ?? read(read(query, 'cursor'), 'text'), read(query, 'name')]
  if (typeof text === 'string') return text
  return typeof name === 'string' ? `EXECUTE ${name}` : ''
}

function querying(
  query: Call,
  args: readonly unknown[],
  caller: ActiveSpan | undefined,
  span: ActiveSpan | undefined,
): unknown {
  const [first, second] = args
  if (isSubmittable(first)) {
    if (caller !== undefined) traceSubmittable(first, queryOf(first), caller, span)
    return query(args)
  }
  const callback = callbackOf(args)
  if (callback === undefined) {
    const result = query(args)
    if (span === undefined || !isThenable(result)) return result
    return settlingAlike(result, (error, found) => finishQuery(span, first, error, found))
  }
  const wrapped: Method = function (...results) {
    if (span !== undefined) finishQuery(span, first, results[0], results[1])
    return within(caller, () => Reflect.apply(callback, this, results))
  }
  const result = query([first, isMethod(second) ? undefined : second, wrapped])
  // pg keeps the callback in what describes the query, which the program may use again.
  if (read(first, 'callback') === wrapped && isObject(first)) Reflect.set(first, 'callback', callback)
  return result
}

/** The callback of a query: the last argument that is one, or what is described with the query. */
function callbackOf([first, second, third]: readonly unknown[]): Method | undefined {
  return [third, second, read(first, 'callback')].find(isMethod)
}

function queryOf(query: unknown): Query {
  return { text: textOf(query), dialect: 'standard' }
}

function finishQuery(span: ActiveSpan, query: unknown, error: unknown, result?: unknown): void {
  if (isObject(error)) failQuery(span, error, queryOf(query))
  else dataToWrite(span)['db.response.returned_rows'] = rowsOf(result)
  span.finish()
}

/** How many rows a query gave: of several statements, all together. */
function rowsOf(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.reduce<number>((sum, each) => sum + (rowsOf(each) ?? 0), 0)
  const rows = read(result, 'rows')
  return Array.isArray(rows) ? rows.length : undefined
}
