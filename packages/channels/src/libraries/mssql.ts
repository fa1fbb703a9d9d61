import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { describeQuery } from './described-queries.js'
import { text } from './message.js'
import { statusOf, withoutValues } from './query-error.js'
import { read } from './wrapping.js'

// The channels of mssql (https://github.com/tediousjs/node-mssql, lib/diagnostics.js), and OpenTelemetry's keys for SQL Server
// (https://opentelemetry.io/docs/specs/semconv/database/sql-server/).

const SYSTEM = { 'db.system.name': 'microsoft.sql_server' }

/** @param key where a message has the query's text */
const errorIn =
  (key: string) =>
  (message: ChannelMessage): unknown =>
    withoutValues(message['error'], { text: text(message[key]), dialect: 'standard' })

function resultData({ result, error }: ChannelMessage): Record<string, unknown> {
  const sets = read(result, 'recordsets') ?? result
  return {
    'db.response.returned_rows': Array.isArray(sets) ? sets.flat().length : undefined,
    'db.response.status_code': statusOf(error),
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
    error: errorIn(key),
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
  error: errorIn('procedure'),
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
  error: errorIn(''),
}

export const mssqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'mssql:query': queries('command'),
  'mssql:batch': queries('command'),
  'mssql:execute': procedure,
  'mssql:bulk': { kind: 'db', name: 'bulk insert', data: () => SYSTEM, error: errorIn('table') },
  'mssql:prepared-statement:prepare': { ...queries('statement'), name: 'prepare' },
  'mssql:prepared-statement:execute': queries('statement'),
  'mssql:connect': connect,
  'mssql:pool:acquire': {
    kind: 'db',
    name: 'wait for a connection of the pool',
    data: () => SYSTEM,
    error: errorIn(''),
  },
}
