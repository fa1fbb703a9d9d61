import { type ActiveSpan, dataToWrite } from '@trace/core'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { read } from './wrapping.js'

// OpenTelemetry's keys for PostgreSQL (https://opentelemetry.io/docs/specs/semconv/database/postgresql/).

/** Where a client's queries go. */
export interface Database {
  readonly namespace: string | undefined
  readonly address: string | undefined
  readonly port: number | undefined
}

/** The database and server that an object names. Nothing else of it is read: it may hold a password. */
export function databaseOf(client: unknown): Database {
  const [namespace, address, port] = [read(client, 'database'), read(client, 'host'), Number(read(client, 'port'))]
  return {
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    address: typeof address === 'string' && address !== '' ? address : undefined,
    port: Number.isInteger(port) && port > 0 ? port : undefined,
  }
}

export function addDatabase(span: ActiveSpan, { namespace, address, port }: Database): void {
  const data = dataToWrite(span)
  data['db.system.name'] = 'postgresql'
  if (namespace !== undefined) data['db.namespace'] = namespace
  if (address !== undefined) data['server.address'] = address
  if (port !== undefined) data['server.port'] = port
}

/** Names a span after its query, and adds the query's text without its literals. */
export function addQuery(span: ActiveSpan, text: string): void {
  addDescribed(span, describeQuery(text, 'standard'))
}

/** Names a span after a query, and adds what is recorded of it. */
export function addDescribed(span: ActiveSpan, { masked, summary, operation }: DescribedQuery): void {
  const data = dataToWrite(span)
  span.name = summary
  if (operation !== undefined) data['db.operation.name'] = operation
  data['db.query.text'] = masked
}
