import { buildCommand, type Command } from '@stricli/core'
import type { CopyFlags } from '../actions/copy.js'
import type { Context } from '../terminal/context.js'
import { proposing } from './completion.js'
import { json, since, until } from './flags.js'
import { lazily } from './lazily.js'

export const copy: Command<Context> = buildCommand<CopyFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/copy.js')).copyStore),
  parameters: {
    flags: { since, until, json: { ...json, brief: 'say what was copied as a line of JSON, for programs' } },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'stores to copy from, and at last the one to copy to',
        parse: String,
        proposeCompletions: proposing('store'),
        placeholder: 'store',
      },
    },
  },
  docs: {
    brief: 'Copy spans from stores to another',
    fullDescription: `Copies all spans, ledgers too, and counts them. What is there already is not copied again: run it again after it was stopped.

EXAMPLES
  trace copy gateway.jsonl orders.yaml all.jsonl
  trace copy traces.jsonl all.jsonl --json
  trace copy traces.yaml 'dynamodb://Traces?region=eu-west-1'`,
  },
})
