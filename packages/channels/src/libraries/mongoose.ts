import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text, where } from './message.js'
import { failureOf } from './mongo-command.js'
import { isObject } from './wrapping.js'

// The channels of mongoose (https://github.com/Automattic/mongoose, lib/tracing.js). Its messages hold filters and documents, too,
// which are left out.

const operation: ChannelSpans = {
  kind: 'db',
  name: ({ operation, collection }) => [text(operation), text(collection)].filter((part) => part !== '').join(' '),
  data: (message: ChannelMessage) => ({
    ...where('mongodb', message),
    'db.operation.name': text(message['operation']) || undefined,
    'db.collection.name': text(message['collection']) || undefined,
  }),
  resultData: ({ result }) => ({ 'db.response.returned_rows': Array.isArray(result) ? result.length : undefined }),
  error: ({ error }) => (isObject(error) ? failureOf(error) : error),
}

export const mongooseChannels: Readonly<Record<string, ChannelSpans>> = {
  'mongoose:query': operation,
  'mongoose:aggregate': operation,
  'mongoose:model:save': operation,
  'mongoose:model:insertMany': operation,
  'mongoose:model:bulkWrite': operation,
  'mongoose:cursor:next': operation,
}
