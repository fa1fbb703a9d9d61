import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text } from './message.js'
import { QUOTE, shortened } from './shortened-error.js'
import { isObject, read } from './wrapping.js'

// The channels of graphql (https://github.com/graphql/graphql-js, src/diagnostics.ts), and OpenTelemetry's keys
// (https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/). Documents and variables are left out: they hold values.

const KIND = 'graphql'

/** How much of an operation's name is recorded, in characters: the client chooses it. */
const MAX_NAME = 128

const nameOf = ({ operationName }: ChannelMessage): string => text(operationName).slice(0, MAX_NAME)

/** The class of the first error in a result, which is that of what a resolver threw. Its message may repeat values. */
function failure(errors: unknown): Record<string, unknown> {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  if (first === undefined) return {}
  return { 'error.type': text(read(read(first, 'originalError') ?? first, 'name')) || 'GraphQLError' }
}

/** Messages of graphql itself repeat a value in quotes. */
const withoutValues = ({ error }: ChannelMessage): unknown => (isObject(error) ? shortened(error, QUOTE) : error)

const operation: ChannelSpans = {
  kind: KIND,
  name: (message) => `${text(message['operationType']) || 'operation'} ${nameOf(message)}`.trimEnd(),
  data: (message) => ({
    'graphql.operation.type': text(message['operationType']) || undefined,
    'graphql.operation.name': nameOf(message) || undefined,
  }),
  resultData: ({ result }) => failure(read(result, 'errors')),
  error: withoutValues,
}

export const graphqlChannels: Readonly<Record<string, ChannelSpans>> = {
  'graphql:parse': { kind: KIND, name: 'parse', error: withoutValues },
  'graphql:validate': {
    kind: KIND,
    name: 'validate',
    resultData: ({ result }) => failure(result),
    error: withoutValues,
  },
  'graphql:execute': operation,
  'graphql:subscribe': operation,
}
