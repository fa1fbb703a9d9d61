import type { ChannelMessage, WritingSpans } from '../channel/trace-channel.js'
import { type DescribedQuery, describeQuery } from './described-queries.js'
import { text } from './message.js'
import { statusOf, withoutValues } from './query-error.js'
import { type Dialect, dialectOf } from './sql.js'

// The channel of db0 (https://db0.unjs.io, `withTracing`).

const rulesOf = (message: ChannelMessage): Dialect => dialectOf(message['dialect'])
const queryOf = (message: ChannelMessage): DescribedQuery => describeQuery(text(message['query']), rulesOf(message))

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
    end: (data, { error }) => {
      const status = statusOf(error)
      if (status !== undefined) data['db.response.status_code'] = status
    },
    error: (message) => withoutValues(message['error'], { text: text(message['query']), dialect: rulesOf(message) }),
  },
}
