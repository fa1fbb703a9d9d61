import { buildCommand, type Command } from '@stricli/core'
import type { StatsFlags } from '../actions/stats.js'
import type { Context } from '../terminal/context.js'
import { statisticsBy } from '../terminal/values.js'
import { budget, from, json, limit, since, until, words } from './flags.js'
import { lazily } from './lazily.js'

export const stats: Command<Context> = buildCommand<StatsFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/stats.js')).countSpans),
  parameters: {
    flags: {
      from,
      by: {
        kind: 'parsed',
        parse: statisticsBy,
        default: 'name',
        placeholder: 'what',
        brief: 'a row for each name, service, kind, or value of a data key: name, service, kind or @key',
      },
      graph: { kind: 'boolean', optional: true, withNegated: false, brief: 'who calls whom instead' },
      to: { kind: 'enum', values: ['mermaid', 'dot'], optional: true, brief: 'the graph for Mermaid or Graphviz' },
      since,
      until,
      limit: { ...limit, default: '50', brief: 'at most so many rows, those with the most self time' },
      json,
      budget,
    },
    aliases: { f: 'from', b: 'by', g: 'graph', n: 'limit' },
    positional: words,
  },
  docs: {
    brief: 'Count spans: how many, how long, how many failed, and who calls whom',
    fullDescription: `Counts the spans that match, by name: how many, how many a second, failed and open; how long they took; which share of all self time is
theirs. With a search, self time is the time outside of children that match too.

EXAMPLES
  trace stats
  trace stats kind:db --by service --since 1h
  trace stats name:"GET /users/:id" --by @user.id
  trace stats --graph --to mermaid`,
  },
})
