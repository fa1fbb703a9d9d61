import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { text } from './message.js'
import { databaseOf } from './postgresql.js'
import { statusOf, withoutValues } from './query-error.js'
import { read } from './wrapping.js'

// The channels of a coming release of pg and pg-pool (https://github.com/brianc/node-postgres/pull/3650).

const textOf = ({ query }: ChannelMessage): string => text(read(query, 'text'))
const queryOf = (message: ChannelMessage): DescribedQuery => describeQuery(textOf(message), 'standard')
const error = (message: ChannelMessage): unknown =>
  withoutValues(message['error'], { text: textOf(message), dialect: 'standard' })

const whereOf = ({ client, connection }: ChannelMessage): Record<string, unknown> => {
  const { namespace, address, port } = databaseOf(client ?? connection)
  return { 'db.system.name': 'postgresql', 'db.namespace': namespace, 'server.address': address, 'server.port': port }
}

export const pgChannels: Readonly<Record<string, ChannelSpans>> = {
  'pg:query': {
    kind: 'db',
    name: (message) => queryOf(message).summary,
    data: (message) => {
      const { operation, masked } = queryOf(message)
      return { ...whereOf(message), 'db.operation.name': operation, 'db.query.text': masked }
    },
    resultData: ({ error }) => ({ 'db.response.status_code': statusOf(error) }),
    error,
  },
  'pg:connection': { kind: 'db', name: 'connect to postgresql', data: whereOf, error },
  'pg-pool:connect': { kind: 'db', name: 'wait for a connection of the pool', data: whereOf, error },
}
