import { type ActiveSpan, dataToWrite, describe, isTracing, type Tracer } from '@trace/core'
import { describeQuery } from './libraries/described-queries.js'
import { failQuery } from './libraries/query-error.js'
import { endingIterator, settlingAlike } from './libraries/settling.js'
import { type Dialect, dialectOf } from './libraries/sql.js'
import { isObject, isThenable, type Method, methodOf, override, read } from './libraries/wrapping.js'

// Kysely: https://kysely.dev, and OpenTelemetry's names of databases
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name)

const SYSTEMS: readonly [RegExp, string][] = [
  [/^(?:Postgres|PGlite|Neon).*Adapter$/i, 'postgresql'],
  [/^MariaDb.*Adapter$/i, 'mariadb'],
  [/^(?:MySql|PlanetScale|SingleStore).*Adapter$/i, 'mysql'],
  [/(?:Sqlite|^LibSql|^D1).*Adapter$/i, 'sqlite'],
  [/^Mssql.*Adapter$/i, 'microsoft.sql_server'],
]
/** By how they write a name and a value, for those whose adapter's class has another name in a bundle that was made small. */
const SYSTEMS_BY_FORM: Readonly<Record<string, string>> = {
  '"a" $1': 'postgresql',
  '`a` ?': 'mysql',
  '"a" ?': 'sqlite',
  '"a" @1': 'microsoft.sql_server',
}

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
  const form = formOf(dialect)
  const system = data['db.system.name'] ?? systemOf(Reflect.apply(createAdapter, dialect, []), form)
  const spans = {
    tracer,
    data: { 'db.system.name': system, ...data },
    // Where names are in backticks, what is in double quotes may be a text, whatever the database is called.
    dialect: form?.startsWith('`') ? 'mysql' : dialectOf(system),
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

function systemOf(adapter: unknown, form: string | undefined): string {
  const name = String(read(read(adapter, 'constructor'), 'name'))
  const known = SYSTEMS.find(([pattern]) => pattern.test(name))?.[1]
  const isWhole = name.endsWith('Adapter')
  return known ?? (isWhole || form === undefined ? undefined : SYSTEMS_BY_FORM[form]) ?? 'other_sql'
}

/** Kysely's tree of a name and a value, one after the other. */
const NAME_AND_VALUE = {
  kind: 'RawNode',
  sqlFragments: ['', ' ', ''],
  parameters: [
    { kind: 'IdentifierNode', name: 'a' },
    { kind: 'ValueNode', value: 1 },
  ],
}

/** How a dialect writes a name and a value; undefined if it does not do that as Kysely's own do. */
function formOf(dialect: object): string | undefined {
  try {
    const compiler = methodOf(dialect, 'createQueryCompiler')?.call(dialect)
    const form = read(methodOf(compiler, 'compileQuery')?.call(compiler, NAME_AND_VALUE, { queryId: 'form' }), 'sql')
    return typeof form === 'string' ? form : undefined
  } catch {
    return undefined
  }
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
    return settlingAlike(result, (error, given) => {
      if (error !== undefined) fail(spans, span, error, args[0])
      else if (!isOfTransaction(span)) dataToWrite(span)['db.response.returned_rows'] = sizeOf(given)
      span.finish()
    })
  }
}

function streaming(spans: QuerySpans, stream: Method): Method {
  return function (...args) {
    const span = startQuery(spans, args[0])
    const iterator = Reflect.apply(stream, this, args) as AsyncIterator<unknown>
    if (span === undefined) return iterator
    return endingIterator(iterator, sizeOf, (error, rows) => {
      if (error === undefined) dataToWrite(span)['db.response.returned_rows'] = Number(rows ?? 0)
      else fail(spans, span, error, args[0])
      span.finish()
    })
  }
}

function startQuery({ tracer, data, dialect }: QuerySpans, query: unknown): ActiveSpan | undefined {
  if (!isTracing()) return undefined
  const { masked, summary, operation } = describeQuery(textOf(query), dialect)
  const span = tracer.start('db', summary)
  span.data = data
  if (operation !== undefined) dataToWrite(span)['db.operation.name'] = operation
  dataToWrite(span)['db.query.text'] = masked
  return span
}

function textOf(query: unknown): string {
  return String(read(query, 'sql') ?? '')
}

function fail({ dialect }: QuerySpans, span: ActiveSpan, error: unknown, query: unknown): void {
  failQuery(span, error, { text: textOf(query), dialect })
}

const OF_TRANSACTION: ReadonlySet<unknown> = new Set([
  'BEGIN',
  'START',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT',
  'RELEASE',
  'SET',
])

/** Whether it begins or ends a transaction, or a part of one: Kysely's drivers give a row that the database has not. */
function isOfTransaction(span: ActiveSpan): boolean {
  return OF_TRANSACTION.has(dataToWrite(span)['db.operation.name'])
}

function sizeOf(result: unknown): number {
  const rows = read(result, 'rows')
  return Array.isArray(rows) ? rows.length : 0
}
