import { buildCommand, type Command } from '@stricli/core'
import type { ViewFlags } from '../actions/view.js'
import type { Context } from '../terminal/context.js'
import { portOf } from '../terminal/values.js'
import { proposing } from './completion.js'
import { from } from './flags.js'
import { lazily } from './lazily.js'

export const view: Command<Context> = buildCommand<ViewFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/view.js')).viewStore),
  parameters: {
    flags: {
      from,
      open: { kind: 'boolean', default: true, brief: 'open the browser; --no-open only prints the address' },
      port: {
        kind: 'parsed',
        parse: portOf,
        optional: true,
        placeholder: 'n',
        brief: 'the port on 127.0.0.1. Default: any that is free',
      },
    },
    aliases: { f: 'from', p: 'port' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'the id or its beginning, or last, or last-error; and stores. Default: the list',
        parse: String,
        proposeCompletions: proposing('id', 'store'),
        placeholder: 'id|store',
      },
    },
  },
  docs: {
    brief: 'Show traces in the browser, live',
    fullDescription: `Serves a page with the store's traces on 127.0.0.1, until Ctrl-C: a list that grows as traces arrive, a search, a waterfall.
A part of its address is secret, so that nobody else on this machine reads the store.

EXAMPLES
  trace view
  trace view last-error
  trace view 'logs/*.jsonl' --port 7007 --no-open`,
  },
})
