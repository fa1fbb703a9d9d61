import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { text } from './message.js'
import type { Dialect } from './sql.js'

// The channel of db0 (https://db0.unjs.io, `withTracing`).

const dialectOf = (message: ChannelMessage): Dialect => (message['dialect'] === 'mysql' ? 'mysql' : 'standard')
const queryOf = (message: ChannelMessage): DescribedQuery => describeQuery(text(message['query']), dialectOf(message))

export const db0Channels: Readonly<Record<string, ChannelSpans>> = {
  'db0.query': {
    kind: 'db',
    name: (message) => queryOf(message).summary,
    data: (message) => {
      const { operation, masked } = queryOf(message)
      const system = text(message['dialect']) || undefined
      return { 'db.system.name': system, 'db.operation.name': operation, 'db.query.text': masked }
    },
  },
}
