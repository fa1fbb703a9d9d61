import { type ActiveSpan, describe, isTracing, type Tracer } from '@trace/core'
import { describeQuery } from './libraries/described-queries.js'
import { failQuery } from './libraries/postgresql.js'
import { endingIterator, settlingAlike } from './libraries/settling.js'
import type { Dialect } from './libraries/sql.js'
import { isObject, isThenable, type Method, methodOf, override, read } from './libraries/wrapping.js'

// Kysely: https://kysely.dev, and OpenTelemetry's names of databases
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name)

const SYSTEMS: readonly [RegExp, string][] = [
  [/^Postgres|^PGlite|^Neon/i, 'postgresql'],
  [/^MariaDb/i, 'mariadb'],
  [/^MySql|^PlanetScale|^SingleStore/i, 'mysql'],
  [/Sqlite|^LibSql|^D1/i, 'sqlite'],
  [/^Mssql/i, 'microsoft.sql_server'],
]

/** Dialects and connections that are traced. */
const traced = new WeakSet<object>()

/**
 * Records a span for each query that Kysely gives to the connections of a dialect, those that begin and end a transaction too, below
 * the current span of whoever executes it. The dialect gets a method of its own; its class stays as it is. Outside a trace nothing is
 * recorded.
 *
 * @param dialect what `new Kysely({ dialect })` is given
 * @param data what each span says besides, by OpenTelemetry's keys, such as `{ 'db.namespace': 'shop' }`. Its `db.system.name` is that
 *   of the dialect by default
 * @returns the same dialect
 * @throws {TypeError} if it is no dialect
 */
export function traceKysely<T extends object>(
  tracer: Tracer,
  dialect: T,
  data: Readonly<Record<string, unknown>> = {},
): T {
  const createDriver = methodOf(dialect, 'createDriver')
  const createAdapter = methodOf(dialect, 'createAdapter')
  if (createDriver === undefined || createAdapter === undefined) {
    throw new TypeError(`traceKysely: expected a dialect of Kysely, got ${describe(dialect)}`)
  }
  if (traced.has(dialect)) {
    tracer.warn('kysely traced twice', 'this dialect of Kysely is traced already: call traceKysely once for each')
    return dialect
  }
  traced.add(dialect)
  const system = data['db.system.name'] ?? systemOf(Reflect.apply(createAdapter, dialect, []))
  const own = { 'db.system.name': system, ...data }
  const spans = {
    tracer,
    data: own,
    dialect: /^(?:mysql|mariadb)$/.test(String(system)) ? 'mysql' : 'standard',
  } as const
  override(dialect, 'createDriver', function (...args) {
    const driver = Reflect.apply(createDriver, this, args)
    if (isObject(driver)) traceDriver(spans, driver)
    return driver
  })
  return dialect
}

/** How the queries of a dialect are recorded. */
interface QuerySpans {
  readonly tracer: Tracer
  readonly data: Readonly<Record<string, unknown>>
  readonly dialect: Dialect
}

function systemOf(adapter: unknown): string {
  const name = String(read(read(adapter, 'constructor'), 'name'))
  return SYSTEMS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other_sql'
}

function traceDriver(spans: QuerySpans, driver: object): void {
  const acquire = methodOf(driver, 'acquireConnection')
  if (acquire === undefined) return
  override(driver, 'acquireConnection', async function (...args) {
    const connection = await Reflect.apply(acquire, this, args)
    if (isObject(connection) && !traced.has(connection)) traceConnection(spans, connection)
    return connection
  })
}

function traceConnection(spans: QuerySpans, connection: object): void {
  traced.add(connection)
  const [execute, stream] = [methodOf(connection, 'executeQuery'), methodOf(connection, 'streamQuery')]
  if (execute !== undefined) override(connection, 'executeQuery', executing(spans, execute))
  if (stream !== undefined) override(connection, 'streamQuery', streaming(spans, stream))
}

function executing(spans: QuerySpans, execute: Method): Method {
  return function (...args) {
    const span = startQuery(spans, args[0])
    const result = Reflect.apply(execute, this, args)
    if (span === undefined || !isThenable(result)) return result
    return settlingAlike(result, (error, given) => finishQuery(span, error, sizeOf(given)))
  }
}

function streaming(spans: QuerySpans, stream: Method): Method {
  return function (...args) {
    const span = startQuery(spans, args[0])
    const iterator = Reflect.apply(stream, this, args) as AsyncIterator<unknown>
    if (span === undefined) return iterator
    return endingIterator(iterator, sizeOf, (error, rows) => finishQuery(span, error, Number(rows ?? 0)))
  }
}

function startQuery({ tracer, data, dialect }: QuerySpans, query: unknown): ActiveSpan | undefined {
  if (!isTracing()) return undefined
  const { masked, summary, operation } = describeQuery(String(read(query, 'sql') ?? ''), dialect)
  const span = tracer.start('db', summary)
  span.data = data
  if (operation !== undefined) span.data['db.operation.name'] = operation
  span.data['db.query.text'] = masked
  return span
}

function finishQuery(span: ActiveSpan, error: unknown, rows: number): void {
  if (error === undefined) span.data['db.response.returned_rows'] = rows
  else failQuery(span, error)
  span.finish()
}

function sizeOf(result: unknown): number {
  const rows = read(result, 'rows')
  return Array.isArray(rows) ? rows.length : 0
}
