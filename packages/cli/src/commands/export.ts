import { buildCommand, type Command } from '@stricli/core'
import type { ExportFlags } from '../actions/export.js'
import type { Context } from '../terminal/context.js'
import { proposing } from './completion.js'
import { from, json, since, until } from './flags.js'
import { lazily } from './lazily.js'

export const exported: Command<Context> = buildCommand<ExportFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/export.js')).exportStore),
  parameters: {
    flags: {
      from,
      to: {
        kind: 'enum',
        values: ['otlp', 'zipkin', 'jaeger', 'chrome', 'jsonl', 'yaml', 'html'],
        brief: 'the format',
      },
      out: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'file',
        brief: 'a new file. Default: standard output',
      },
      since,
      until,
      json: { ...json, brief: 'say what was exported as a line of JSON, for programs' },
    },
    aliases: { f: 'from', o: 'out', t: 'to' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'ids of traces, or a search; and stores',
        parse: String,
        proposeCompletions: proposing('id', 'store', 'condition'),
        placeholder: 'id|search|store',
      },
    },
  },
  docs: {
    brief: 'Write traces in a format that other tools read',
    fullDescription: `Writes traces as OTLP/JSON, Zipkin v2, Jaeger JSON, or Chrome trace events (for Perfetto and Speedscope); as a store of this project;
or one trace as a page that opens anywhere, with no network.

EXAMPLES
  trace export last --to chrome --out last.json
  trace export last-error --to html --out error.html
  trace export --to otlp --since 1h status:error > failed.json
  trace export traces.yaml --to jsonl > traces.jsonl`,
  },
})
