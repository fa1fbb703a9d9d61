import { buildCommand, type Command } from '@stricli/core'
import type { ShowFlags } from '../actions/show.js'
import type { Context } from '../terminal/context.js'
import { proposing } from './completion.js'
import { budget, from, json, place, whole } from './flags.js'
import { lazily } from './lazily.js'

export const show: Command<Context> = buildCommand<ShowFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/show.js')).showTrace),
  parameters: {
    flags: {
      from,
      data: {
        kind: 'boolean',
        optional: true,
        withNegated: false,
        brief: 'all data of each span, a line for each key',
      },
      span: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'id',
        brief: 'only this span and what is below it',
      },
      noFold: {
        kind: 'boolean',
        optional: true,
        withNegated: false,
        brief: 'each span on a line of its own, also of many like siblings',
      },
      correctClocks: {
        kind: 'boolean',
        optional: true,
        withNegated: false,
        brief: 'times of hosts whose clocks differ as if they did not',
      },
      whole,
      place,
      json,
      budget,
    },
    aliases: { f: 'from', d: 'data', s: 'span' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'the id or its beginning, or last, or last-error; and stores',
        parse: String,
        proposeCompletions: proposing('id', 'store'),
        placeholder: 'id|store',
      },
    },
  },
  docs: {
    brief: 'Show one trace as a tree',
    fullDescription: `Shows a trace as a tree: who called whom, when, and for how long. █ is where the trace waited for a span itself.
Errors are shown with their stacks, and each span with the data that tells it apart from others like it.
--json prints its spans as JSON lines, which are a store themselves.

EXAMPLES
  trace show last
  trace show last-error traces.yaml
  trace show 4815 --data                the beginning of the id is enough
  trace show last --span 4711 --no-fold
  trace show last --budget 8k           for a program that takes no more`,
  },
})
