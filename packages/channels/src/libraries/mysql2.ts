import type { ChannelMessage, ChannelSpans, WritingSpans } from '../channel/trace-channel.js'
import { type DescribedQuery, describeNewQuery, describeQuery } from './described-queries.js'
import { addWhere, text, where } from './message.js'
import { withoutValues } from './query-error.js'

// The channels of mysql2 (https://github.com/sidorares/node-mysql2, lib/tracing.js), and OpenTelemetry's keys for databases
// (https://opentelemetry.io/docs/specs/semconv/database/database-spans/).

const whereOf = (message: ChannelMessage): Record<string, unknown> => where('mysql', message)
const isFilled = (values: unknown): boolean => Array.isArray(values) && values.length > 0

const error = (message: ChannelMessage): unknown =>
  withoutValues(message['error'], { text: text(message['query']), dialect: 'mysql' })

/** @param hasValues whether the published query has its values in it */
function queries(hasValues: (message: ChannelMessage) => boolean): WritingSpans {
  const described = (message: ChannelMessage): DescribedQuery =>
    (hasValues(message) ? describeNewQuery : describeQuery)(text(message['query']), 'mysql')
  // What was found for the name of a span is used for its data, which are asked for next.
  let named: ChannelMessage | undefined
  let namedBy: DescribedQuery | undefined
  return {
    kind: 'db',
    name: (message) => {
      named = message
      namedBy = described(message)
      return namedBy.summary
    },
    begin: (data, message) => {
      const { operation, masked } = named === message && namedBy !== undefined ? namedBy : described(message)
      named = undefined
      addWhere(data, 'mysql', message)
      if (operation !== undefined) data['db.operation.name'] = operation
      data['db.query.text'] = masked
    },
    end: (data, { result, error: thrown }) => {
      if (Array.isArray(result)) data['db.response.returned_rows'] = result.length
      if (thrown instanceof Error) data['db.response.status_code'] = Reflect.get(thrown, 'code')
    },
    error,
    isLeaf: true,
  }
}

export const mysqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'mysql2:query': queries(({ values }) => isFilled(values)),
  'mysql2:execute': queries(() => false),
  'mysql2:connect': { kind: 'db', name: 'connect to mysql', data: whereOf, error },
  'mysql2:pool:connect': { kind: 'db', name: 'wait for a connection of the pool', data: whereOf, error },
}
