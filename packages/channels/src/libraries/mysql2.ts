import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text, where } from './message.js'
import { shortened } from './shortened-error.js'
import { type DescribedQuery, describeQuery } from './sql.js'
import { isObject, read } from './wrapping.js'

// The channels of mysql2 (https://github.com/sidorares/node-mysql2, lib/tracing.js), and OpenTelemetry's keys for databases
// (https://opentelemetry.io/docs/specs/semconv/database/database-spans/).

const whereOf = (message: ChannelMessage): Record<string, unknown> => where('mysql', message)
const queryOf = ({ query }: ChannelMessage): DescribedQuery => describeQuery(text(query), 'mysql')

/** Errors whose messages repeat values, or a piece of the query (https://mariadb.com/docs/server/reference/error-codes). */
const REPEATS = /^ER_(?:PARSE_|DUP_|TRUNCATED_|WRONG_VALUE|ILLEGAL_VALUE|INVALID_|DATA_|WARN_DATA|UNKNOWN_ERROR)/

function withoutValues({ error }: ChannelMessage): unknown {
  const repeats = REPEATS.test(text(read(error, 'code'))) || /^22/.test(text(read(error, 'sqlState')))
  return repeats && isObject(error) ? shortened(error, /['"]/) : error
}

const query: ChannelSpans = {
  kind: 'db',
  name: (message) => queryOf(message).summary,
  data: (message) => {
    const { operation, masked } = queryOf(message)
    const data = whereOf(message)
    data['db.operation.name'] = operation
    data['db.query.text'] = masked
    return data
  },
  resultData: ({ result, error }) => ({
    'db.response.returned_rows': Array.isArray(result) ? result.length : undefined,
    'db.response.status_code': error instanceof Error ? Reflect.get(error, 'code') : undefined,
  }),
  error: withoutValues,
}

export const mysqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'mysql2:query': query,
  'mysql2:execute': query,
  'mysql2:connect': { kind: 'db', name: 'connect to mysql', data: whereOf },
  'mysql2:pool:connect': { kind: 'db', name: 'wait for a connection of the pool', data: whereOf },
}
