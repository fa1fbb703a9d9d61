import { buildCommand, type Command } from '@stricli/core'
import type { ImportFlags } from '../actions/import.js'
import type { Context } from '../terminal/context.js'
import { json, to } from './flags.js'
import { lazily } from './lazily.js'

export const imported: Command<Context> = buildCommand<ImportFlags, string[], Context>({
  loader: lazily(async () => (await import('../actions/import.js')).importFiles),
  parameters: {
    flags: {
      to,
      json: { ...json, brief: 'say what was imported as a line of JSON, for programs' },
    },
    aliases: { t: 'to' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'files of OTLP/JSON (lines too), Zipkin v2 or Jaeger; - for standard input',
        parse: String,
        placeholder: 'file',
      },
    },
  },
  docs: {
    brief: 'Read traces of other tools into a store',
    fullDescription: `Reads OTLP/JSON (documents, and lines as the collector's file exporter writes them), Zipkin v2 and Jaeger JSON. What is in a file tells
its format. Files that end in .gz are unpacked.

EXAMPLES
  trace import otlp.jsonl --to traces.jsonl
  curl -s http://jaeger:16686/api/traces/… | trace import - --to traces.yaml`,
  },
})
