import type { ChannelMessage, WritingSpans } from '../channel/trace-channel.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { text } from './message.js'
import type { Dialect } from './sql.js'

// The channel of db0 (https://db0.unjs.io, `withTracing`).

const dialectOf = (message: ChannelMessage): Dialect => (message['dialect'] === 'mysql' ? 'mysql' : 'standard')
const queryOf = (message: ChannelMessage): DescribedQuery => describeQuery(text(message['query']), dialectOf(message))

export const db0Channels: Readonly<Record<string, WritingSpans>> = {
  'db0.query': {
    kind: 'db',
    name: (message) => queryOf(message).summary,
    begin: (data, message) => {
      const { operation, masked } = queryOf(message)
      const system = text(message['dialect'])
      if (system !== '') data['db.system.name'] = system
      if (operation !== undefined) data['db.operation.name'] = operation
      data['db.query.text'] = masked
    },
  },
}
