import type { ChannelMessage, WritingSpans } from '../channel/trace-channel.js'
import { text } from './message.js'
import { read } from './wrapping.js'

// The channels of unstorage (https://unstorage.unjs.io, `withTracing` of unstorage/tracing).

const OPERATIONS = [
  ...['getItem', 'getItems', 'getItemRaw', 'setItem', 'setItems', 'setItemRaw', 'removeItem', 'hasItem', 'getKeys'],
  'clear',
] as const

/** How much of a key is recorded at most, in characters. */
const MAX_KEY = 256

function spansOf(operation: string): WritingSpans {
  return {
    kind: 'cache',
    name: operation,
    begin: (data, { keys, driver, base }: ChannelMessage) => {
      // Nothing else of the driver is read: its options may hold a password.
      const system = text(read(driver, 'name'))
      if (system !== '') data['db.system.name'] = system
      if (text(base) !== '') data['db.namespace'] = base
      data['db.operation.name'] = operation
      if (!Array.isArray(keys)) return
      const first = text(keys[0]).slice(0, MAX_KEY)
      if (first !== '') data['db.query.text'] = `${operation} ${first}${keys.length > 1 ? ' …' : ''}`
      if (keys.length > 1) data['db.operation.batch.size'] = keys.length
    },
  }
}

export const unstorageChannels: Readonly<Record<string, WritingSpans>> = Object.fromEntries(
  OPERATIONS.map((operation) => [`unstorage.${operation}`, spansOf(operation)]),
)
