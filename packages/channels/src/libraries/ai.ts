import type { ChannelMessage, ChannelSpans } from '../channel/trace-channel.js'
import { text } from './message.js'
import { QUOTE, shortened } from './shortened-error.js'
import { isObject, read } from './wrapping.js'

// The channel of the AI SDK (https://github.com/vercel/ai, packages/ai/src/telemetry/tracing-channel.ts), and OpenTelemetry's keys for
// generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Its messages hold prompts, answers and arguments of
// tools, too, which are left out.

/** OpenTelemetry's names of the operations that it has names for. */
const OPERATIONS: Readonly<Record<string, string>> = {
  languageModelCall: 'chat',
  executeTool: 'execute_tool',
  embed: 'embeddings',
  embedMany: 'embeddings',
}

const operationOf = ({ type }: ChannelMessage): string => OPERATIONS[text(type)] ?? (text(type) || 'call')
const modelOf = ({ event }: ChannelMessage): string => text(read(event, 'modelId'))
const toolOf = ({ event }: ChannelMessage): string => text(read(read(event, 'toolCall'), 'toolName'))

/** A number of tokens: of a model's answer itself in parts, of what is made of several in one. */
function tokens(count: unknown): unknown {
  const total = read(count, 'total') ?? count
  return typeof total === 'number' ? total : undefined
}

const call: ChannelSpans = {
  kind: 'ai',
  name: (message) => {
    const of = message['type'] === 'languageModelCall' ? modelOf(message) : toolOf(message)
    return `${operationOf(message)} ${of}`.trimEnd()
  },
  data: (message) => ({
    'gen_ai.operation.name': operationOf(message),
    'gen_ai.provider.name': text(read(message['event'], 'provider')) || undefined,
    'gen_ai.request.model': modelOf(message) || undefined,
    'gen_ai.tool.name': toolOf(message) || undefined,
  }),
  resultData: ({ result }) => {
    const usage = read(result, 'totalUsage') ?? read(result, 'usage')
    return {
      'gen_ai.response.model': text(read(read(result, 'response'), 'modelId')) || undefined,
      'gen_ai.usage.input_tokens': tokens(read(usage, 'inputTokens')),
      'gen_ai.usage.output_tokens': tokens(read(usage, 'outputTokens')),
    }
  },
  // A provider may repeat what it was sent.
  error: ({ error }) => (isObject(error) ? shortened(error, QUOTE) : error),
}

export const aiChannels: Readonly<Record<string, ChannelSpans>> = { 'ai:telemetry': call }
