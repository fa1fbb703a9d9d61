import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { describeQuery } from './described-queries.js'
import { text } from './message.js'
import { shortened } from './shortened-error.js'
import { isObject, read } from './wrapping.js'

// The channels of mssql (https://github.com/tediousjs/node-mssql, lib/diagnostics.js), and OpenTelemetry's keys for SQL Server
// (https://opentelemetry.io/docs/specs/semconv/database/sql-server/).

const SYSTEM = { 'db.system.name': 'microsoft.sql_server' }

/** Errors whose messages name what there is not, and repeat no value: a column, a table, a procedure, a part of a name. */
const NAMES: readonly unknown[] = [207, 208, 2812, 4104]

/** Other messages may repeat a value, in quotes or parentheses. */
function withoutValues({ error }: ChannelMessage): unknown {
  const isOfServer = typeof read(error, 'number') === 'number'
  if (!isOfServer || !isObject(error) || NAMES.includes(read(error, 'number'))) return error
  return shortened(error, /['"(]/)
}

function resultData({ result, error }: ChannelMessage): Record<string, unknown> {
  const sets = read(result, 'recordsets') ?? result
  const number = read(error, 'number')
  return {
    'db.response.returned_rows': Array.isArray(sets) ? sets.flat().length : undefined,
    'db.response.status_code': typeof number === 'number' ? String(number) : undefined,
  }
}

/** @param key where a message has the query's text */
function queries(key: 'command' | 'statement'): ChannelSpans {
  return {
    kind: 'db',
    name: (message) => describeQuery(text(message[key]), 'standard').summary,
    data: (message) => {
      const { operation, masked } = describeQuery(text(message[key]), 'standard')
      return { ...SYSTEM, 'db.operation.name': operation, 'db.query.text': masked }
    },
    resultData,
    error: withoutValues,
  }
}

const procedure: ChannelSpans = {
  kind: 'db',
  name: (message) => `EXECUTE ${text(message['procedure'])}`,
  data: (message) => ({
    ...SYSTEM,
    'db.operation.name': 'EXECUTE',
    'db.stored_procedure.name': text(message['procedure']) || undefined,
  }),
  resultData,
  error: withoutValues,
}

const connect: ChannelSpans = {
  kind: 'db',
  name: 'connect to mssql',
  data: ({ server, port, database }) => ({
    ...SYSTEM,
    'db.namespace': text(database) || undefined,
    'server.address': text(server) || undefined,
    'server.port': typeof port === 'number' ? port : undefined,
  }),
}

export const mssqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'mssql:query': queries('command'),
  'mssql:batch': queries('command'),
  'mssql:execute': procedure,
  'mssql:bulk': { kind: 'db', name: 'bulk insert', data: () => SYSTEM, error: withoutValues },
  'mssql:prepared-statement:prepare': { ...queries('statement'), name: 'prepare' },
  'mssql:prepared-statement:execute': queries('statement'),
  'mssql:connect': connect,
  'mssql:pool:acquire': { kind: 'db', name: 'wait for a connection of the pool', data: () => SYSTEM },
}
