import { buildCommand, type Command } from '@stricli/core'
import type { LsFlags } from '../actions/ls.js'
import type { Context } from '../terminal/context.js'
import { budget, duration, from, json, limit, since, until, whole, words } from './flags.js'
import { lazily } from './lazily.js'

export const ls: Command<Context> = buildCommand<LsFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/ls.js')).listTraces),
  parameters: {
    flags: {
      from,
      since,
      until,
      limit,
      sort: {
        kind: 'enum',
        values: ['time', 'duration', 'spans'],
        default: 'time',
        brief: 'what the first ones have most of',
      },
      errors: { kind: 'boolean', optional: true, withNegated: false, brief: 'only traces with a failed span' },
      min: { ...duration, brief: 'only traces that took at least this long, such as 200ms' },
      whole,
      json,
      budget,
    },
    aliases: { f: 'from', n: 'limit' },
    positional: words,
  },
  docs: {
    brief: 'List traces, the newest first',
    fullDescription: `Lists traces, a line each, the newest first. With a search, those that have a span which meets all its conditions.

EXAMPLES
  trace ls                                   the newest 20 of traces.yaml
  trace ls traces.yaml kind:db status:error  those with a failed span of this kind
  trace ls --errors --since 15m
  trace ls --min 200ms --sort duration
  trace ls 'name:"GET /users/:id"' @user.id:42 -f 'logs/*.jsonl'`,
  },
})
