import { buildCommand, type Command } from '@stricli/core'
import type { CollectFlags } from '../actions/collect.js'
import type { Context } from '../terminal/context.js'
import { portOf } from '../terminal/values.js'
import { json, to } from './flags.js'
import { lazily } from './lazily.js'

export const collect: Command<Context> = buildCommand<CollectFlags, [], Context>({
  loader: lazily(async () => (await import('../actions/collect.js')).collectSpans),
  parameters: {
    flags: {
      to,
      host: {
        kind: 'parsed',
        parse: String,
        default: '127.0.0.1',
        placeholder: 'address',
        brief: 'the address to listen on; 0.0.0.0 for everyone who can reach this machine',
      },
      port: { kind: 'parsed', parse: portOf, default: '4318', placeholder: 'n', brief: 'the port' },
      json: { ...json, brief: 'say at the end what was received as a line of JSON, for programs' },
    },
    aliases: { t: 'to', p: 'port' },
    positional: { kind: 'tuple', parameters: [] },
  },
  docs: {
    brief: 'Receive traces of services in any language',
    fullDescription: `Receives OTLP/HTTP, in JSON and protocol buffers, and records it until Ctrl-C: so a service in Python or Java stands in the same store.
Point its OpenTelemetry there: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf

EXAMPLES
  trace collect --to traces.yaml
  trace collect --to dynamodb://Traces --host 0.0.0.0
  trace collect --to services.jsonl --port 4319`,
  },
})
