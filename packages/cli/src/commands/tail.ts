import { buildCommand, type Command } from '@stricli/core'
import type { TailFlags } from '../actions/tail.js'
import type { Context } from '../terminal/context.js'
import { budget, from, json, limit, place, words } from './flags.js'
import { lazily } from './lazily.js'

export const tail: Command<Context> = buildCommand<TailFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/tail.js')).followSpans),
  parameters: {
    flags: {
      from,
      traces: {
        kind: 'boolean',
        optional: true,
        withNegated: false,
        brief: 'whole traces as trees, once they have ended',
      },
      limit: {
        kind: 'parsed',
        parse: limit.parse,
        optional: true,
        placeholder: 'n',
        brief: 'end after so many. Default: at Ctrl-C',
      },
      place,
      json,
      budget: { ...budget, brief: 'with --traces: fold each until it fits in so many bytes, such as 8k' },
    },
    aliases: { f: 'from', t: 'traces', n: 'limit' },
    positional: words,
  },
  docs: {
    brief: 'Show spans, or whole traces, as they arrive',
    fullDescription: `Shows spans as they are stored, a line each, until Ctrl-C. It goes on when a file is rotated.

EXAMPLES
  trace tail
  trace tail --traces status:error      whole traces with a failed span
  trace tail kind:db duration:>100ms
  trace tail --json -n 1                the next span, for a program`,
  },
})
