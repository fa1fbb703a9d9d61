import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text } from './message.js'
import { type Dialect, maskQuery, operationOf, summaryOf } from './sql.js'

// The channel of db0 (https://db0.unjs.io, `withTracing`).

const dialectOf = (message: ChannelMessage): Dialect => (message['dialect'] === 'mysql' ? 'mysql' : 'standard')
const masked = (message: ChannelMessage): string => maskQuery(text(message['query']), dialectOf(message))

export const db0Channels: Readonly<Record<string, ChannelSpans>> = {
  'db0.query': {
    kind: 'db',
    name: (message) => summaryOf(masked(message)),
    data: (message) => {
      const query = masked(message)
      const system = text(message['dialect']) || undefined
      return { 'db.system.name': system, 'db.operation.name': operationOf(query), 'db.query.text': query }
    },
  },
}
