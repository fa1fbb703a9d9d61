import type { Row } from '../harness/row.js'
import { installed } from '../starts/installed.js'
import { filesLoaded, startTime } from '../starts/sides.js'

const OURS = ['@trace/core', '@trace/http', '@trace/yamlrec']
/** What tracing Node http and Fastify takes, with an exporter. */
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
    title: 'start of Node that imports core, http/fastify and yamlrec',
    unit: 'ms',
    sides: { trace: startTime('trace'), bare: startTime('bare'), opentelemetry: startTime('opentelemetry') },
    readings: [
      { label: 'ms more than bare Node', of: 'trace', minus: 'bare', goal: { atMost: 15 } },
      { label: 'ms more than bare Node, for OpenTelemetry', of: 'opentelemetry', minus: 'bare' },
    ],
    starts: 1,
    samples: 21,
  },
  {
    name: 'loaded',
    title: 'files that this import loads',
    unit: 'files',
    sides: {
      trace: filesLoaded('trace', /./),
      opentelemetry: filesLoaded('opentelemetry', /./),
      'trace, of AWS': filesLoaded('trace', /aws-sdk|@aws|@smithy/),
    },
    readings: [
      { label: "of OpenTelemetry's", of: 'trace', dividedBy: 'opentelemetry' },
      { label: 'files of the AWS SDK', of: 'trace, of AWS', goal: { atMost: 0 } },
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
    title: 'packages installed with core, http and yamlrec',
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
