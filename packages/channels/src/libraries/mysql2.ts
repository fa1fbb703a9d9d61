import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text, where } from './message.js'
import { type DescribedQuery, describeQuery } from './sql.js'

// The channels of mysql2 (https://github.com/sidorares/node-mysql2, lib/tracing.js), and OpenTelemetry's keys for databases
// (https://opentelemetry.io/docs/specs/semconv/database/database-spans/).

const whereOf = (message: ChannelMessage): Record<string, unknown> => ({ 'db.system.name': 'mysql', ...where(message) })
const queryOf = ({ query }: ChannelMessage): DescribedQuery => describeQuery(text(query), 'mysql')

const query: ChannelSpans = {
  kind: 'db',
  name: (message) => queryOf(message).summary,
  data: (message) => {
    const { operation, masked } = queryOf(message)
    return { ...whereOf(message), 'db.operation.name': operation, 'db.query.text': masked }
  },
  resultData: ({ result, error }) => ({
    'db.response.returned_rows': Array.isArray(result) ? result.length : undefined,
    'db.response.status_code': error instanceof Error ? Reflect.get(error, 'code') : undefined,
  }),
}

export const mysqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'mysql2:query': query,
  'mysql2:execute': query,
  'mysql2:connect': { kind: 'db', name: 'connect to mysql', data: whereOf },
  'mysql2:pool:connect': { kind: 'db', name: 'wait for a connection of the pool', data: whereOf },
}
