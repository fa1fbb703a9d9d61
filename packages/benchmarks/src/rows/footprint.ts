import { installed } from '../installed.js'
import type { Row } from '../row.js'
import { loaded, started } from '../started.js'

const OURS = ['@trace/core', '@trace/http', '@trace/yamlrec']
/** What it takes to trace Node http and Fastify, and to send the spans somewhere. */
const OPENTELEMETRY = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@fastify/otel',
]

export const footprintRows: readonly Row[] = [
  {
    name: 'import',
    title: 'start of Node with core, http/fastify and yamlrec imported',
    unit: 'ms',
    sides: { trace: started('trace'), bare: started('bare'), opentelemetry: started('opentelemetry') },
    readings: [
      { label: 'ms more than bare Node', of: 'trace', minus: 'bare', goal: { atMost: 15 } },
      { label: 'OpenTelemetry, ms more than bare Node', of: 'opentelemetry', minus: 'bare' },
    ],
    starts: 1,
    samples: 21,
  },
  {
    name: 'loaded',
    title: 'files loaded by that import',
    unit: 'files',
    sides: {
      trace: loaded('trace', /./),
      opentelemetry: loaded('opentelemetry', /./),
      'trace, of AWS': loaded('trace', /aws-sdk|@aws|@smithy/),
    },
    readings: [
      { label: "of OpenTelemetry's", of: 'trace', dividedBy: 'opentelemetry' },
      { label: 'of AWS', of: 'trace, of AWS', goal: { atMost: 0 } },
    ],
    starts: 1,
    samples: 1,
  },
  {
    name: 'size',
    title: 'core, http and yamlrec installed',
    unit: 'MB',
    sides: { trace: installed(OURS, 'megabytes'), opentelemetry: installed(OPENTELEMETRY, 'megabytes') },
    readings: [
      { label: 'MB', of: 'trace', goal: { atMost: 3 } },
      { label: "of OpenTelemetry's", of: 'trace', dividedBy: 'opentelemetry' },
    ],
    starts: 1,
    samples: 1,
  },
  {
    name: 'packages',
    title: 'packages that are installed for it',
    unit: 'packages',
    sides: { trace: installed(OURS, 'packages'), opentelemetry: installed(OPENTELEMETRY, 'packages') },
    readings: [
      { label: 'packages', of: 'trace', goal: { atMost: 6 } },
      { label: "of OpenTelemetry's", of: 'trace', dividedBy: 'opentelemetry' },
    ],
    starts: 1,
    samples: 1,
  },
]
