import { buildCommand, type Command } from '@stricli/core'
import type { DiffFlags } from '../actions/diff.js'
import type { Context } from '../terminal/context.js'
import { thresholdOf } from '../terminal/values.js'
import { proposing } from './completion.js'
import { budget, from, json, limit } from './flags.js'
import { lazily } from './lazily.js'

export const diff: Command<Context> = buildCommand<DiffFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/diff.js')).compare),
  parameters: {
    flags: {
      from: { ...from, brief: 'where the traces or the searches are looked for; as for other commands' },
      failOn: {
        kind: 'parsed',
        parse: thresholdOf,
        variadic: ',',
        optional: true,
        placeholder: 'more',
        brief: 'end with exit code 1 beyond this: count+10% p50+20% p99+5ms errors+1',
      },
      all: { kind: 'boolean', optional: true, withNegated: false, brief: 'also what does not differ' },
      limit: { ...limit, default: '50', brief: 'at most so many lines, those whose total time changed most' },
      json,
      budget,
    },
    aliases: { f: 'from', n: 'limit', a: 'all' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'two stores, two traces, or two searches in quotes',
        parse: String,
        proposeCompletions: proposing('store', 'id', 'condition'),
        placeholder: 'side',
      },
    },
  },
  docs: {
    brief: 'Compare two runs, two traces, or two searches',
    fullDescription: `Compares spans by their place in their traces: the services, kinds and names from the root down to them. It shows what is new, gone, more
frequent, failing, or slower. A change of durations is noise unless a Mann-Whitney test says otherwise.

EXAMPLES
  trace diff main.jsonl branch.jsonl --fail-on count+10% p50+20% errors+1
  trace diff 4815 1623                             two traces of traces.yaml
  trace diff 'host:host-1' 'host:host-2'           two searches in traces.yaml`,
  },
})
