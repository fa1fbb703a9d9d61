import { type ActiveSpan, dataToWrite, isTracing, type Tracer } from '@trace/core'
import { describeQuery } from './libraries/described-queries.js'
import { shortened } from './libraries/shortened-error.js'
import { type Dialect, dialectOf } from './libraries/sql.js'
import { isObject, read } from './libraries/wrapping.js'

// Prisma: https://www.prisma.io/docs/orm/prisma-client/client-extensions/query

/** An operation of a client, such as `findMany` of the model `User`. */
export interface PrismaOperation {
  /** Undefined for raw queries. */
  readonly model?: string | undefined
  readonly operation: string
  readonly args: unknown
  /** Does the operation. */
  query(args: unknown): PromiseLike<unknown>
}

/** What `prisma.$extends` takes. */
export interface PrismaExtension {
  readonly name: string
  readonly query: { $allOperations(operation: PrismaOperation): Promise<unknown> }
}

/**
 * An extension of a Prisma client that records a span for each operation, below the current span of whoever awaits it:
 * `prisma.$extends(tracePrisma(tracer))` gives the client to use. Outside a trace nothing is recorded.
 *
 * @param data what each span says besides, by OpenTelemetry's keys, such as `{ 'db.system.name': 'postgresql' }`
 */
export function tracePrisma(tracer: Tracer, data: Readonly<Record<string, unknown>> = {}): PrismaExtension {
  const dialect = dialectOf(data['db.system.name'])
  return {
    name: '@trace/channels',
    query: {
      async $allOperations(operation) {
        if (!isTracing()) return operation.query(operation.args)
        const span = startOperation(tracer, operation, dialect)
        span.data = data
        try {
          // An operation starts when its promise is asked for its result, which must be in the span.
          return await span.run(async () => await operation.query(operation.args))
        } catch (error) {
          span.fail(masked(span, error))
          throw error
        } finally {
          span.finish()
        }
      },
    },
  }
}

function startOperation(tracer: Tracer, { model, operation, args }: PrismaOperation, dialect: Dialect): ActiveSpan {
  const span = tracer.start('db', model === undefined ? operation : `${operation} ${model}`)
  const data = dataToWrite(span)
  data['db.operation.name'] = operation
  if (model !== undefined) data['db.collection.name'] = model
  const text = /^\$(?:query|execute)Raw/.test(operation) ? rawText(args) : undefined
  if (text !== undefined) data['db.query.text'] = describeQuery(text, dialect).masked
  return span
}

/** The text of `$queryRaw` and `$executeRaw`, which is in a template; and of those that are unsafe, which is their first argument. */
function rawText(args: unknown): string | undefined {
  const text = Array.isArray(args) ? args[0] : read(args, 'sql')
  return typeof text === 'string' ? text : undefined
}

/**
 * A message of Prisma repeats what the operation was given, in several lines; the last says what is wrong. Names in it that Prisma
 * does not know are the program's, and a database's own message in it may repeat values.
 */
const VALUE = /(?<!\p{L})'|'(?!\p{L})|"|\bMessage:|(?<=^Unknown [\w ]+ )`/u

function masked(span: ActiveSpan, error: unknown): unknown {
  if (!isObject(error) || !/^(?:PrismaClient|DriverAdapterError)/.test(String(read(error, 'name')))) return error
  const code = read(error, 'code')
  if (typeof code === 'string') dataToWrite(span)['db.response.status_code'] = code
  const message = String(read(error, 'message'))
  const last = message.slice(message.trimEnd().lastIndexOf('\n') + 1)
  const stack = String(read(error, 'stack')).replaceAll(message, () => last)
  return shortened(Object.create(error, { message: { value: last }, stack: { value: stack } }), VALUE)
}
