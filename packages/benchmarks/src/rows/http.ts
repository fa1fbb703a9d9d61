import { NODE_MAJOR, type Reading, type Row, type Side } from '../harness/row.js'
import { type Framework, p99, rate, type VariantName } from '../servers/sides.js'
import { timedInSteadyState } from '../workloads/sides.js'

function rateRow(framework: Framework, title: string, isJustStarted = false): Row {
  const side = (variant: VariantName): Side => rate({ framework, variant, isJustStarted })
  return {
    name: `${isJustStarted ? 'young' : 'http'}-${framework}`,
    title: `${title}${isJustStarted ? ', just started' : ''}: a span for each request, both headers, YAML to disk`,
    unit: 'requests/s',
    sides: {
      trace: side('trace'),
      'hand-written': side('hand-written'),
      bare: side('bare'),
      opentelemetry: side('opentelemetry'),
    },
    readings: [
      {
        label: "of a hand-written hook's rate",
        of: 'trace',
        dividedBy: 'hand-written',
        goal: { atLeast: 1 },
      },
      framework === 'fastify' ? { ...OF_BARE, goal: { atLeast: NODE_MAJOR >= 24 ? 0.87 : 0.8 } } : OF_BARE,
      {
        label: "of OpenTelemetry's rate, with an exporter that does nothing",
        of: 'trace',
        dividedBy: 'opentelemetry',
        goal: { atLeast: 2.7 },
      },
      { label: "hand-written, of the bare server's rate", of: 'hand-written', dividedBy: 'bare' },
    ],
    starts: 2,
  }
}

const OF_BARE: Reading = { label: "of the bare server's rate", of: 'trace', dividedBy: 'bare' }

function latencyRow(framework: Framework, title: string): Row {
  return {
    name: `p99-${framework}`,
    title: `${title}: p99 at 70% of the bare server's rate`,
    unit: 'ms',
    sides: { trace: p99(framework, 'trace'), bare: p99(framework, 'bare') },
    readings: [{ label: "of the bare server's", of: 'trace', dividedBy: 'bare' }],
    starts: 2,
    samples: 4,
  }
}

export const httpRows: readonly Row[] = [
  rateRow('fastify', 'Fastify'),
  rateRow('express', 'Express'),
  rateRow('node', 'Node http'),
  rateRow('fastify', 'Fastify', true),
  rateRow('express', 'Express', true),
  rateRow('node', 'Node http', true),
  latencyRow('fastify', 'Fastify'),
  latencyRow('express', 'Express'),
  latencyRow('node', 'Node http'),
  {
    name: 'headers',
    title: 'Node http: 64 KB of headers on a request',
    unit: 'requests/s',
    sides: {
      trace: rate({ framework: 'node', variant: 'trace', headers: 'many' }),
      'hand-written': rate({ framework: 'node', variant: 'hand-written', headers: 'many' }),
      bare: rate({ framework: 'node', variant: 'bare', headers: 'many' }),
    },
    readings: [
      { ...OF_BARE, goal: { atLeast: 0.9 } },
      { label: "hand-written, of the bare server's rate", of: 'hand-written', dividedBy: 'bare' },
    ],
    starts: 2,
  },
  {
    name: 'headers-hostile',
    title: 'Node http: 64 KB of repeated ids on a request, with propagators for all formats',
    unit: 'requests/s',
    sides: {
      trace: rate({ framework: 'node', variant: 'all-formats', headers: 'hostile' }),
      bare: rate({ framework: 'node', variant: 'bare', headers: 'hostile' }),
    },
    readings: [{ ...OF_BARE, goal: { atLeast: 0.9 } }],
    starts: 2,
  },
  {
    name: 'fetch',
    title: 'outgoing fetch with a client span',
    unit: 'ns',
    sides: {
      trace: timedInSteadyState('fetch', 'trace'),
      'traced fetch': timedInSteadyState('fetch', 'traced fetch'),
      context: timedInSteadyState('fetch', 'context'),
      bare: timedInSteadyState('fetch', 'bare'),
    },
    readings: [
      { label: "of bare fetch's rate", of: 'bare', dividedBy: 'trace', goal: { atLeast: 0.9 } },
      { label: "of fetch's rate within an AsyncLocalStorage", of: 'context', dividedBy: 'trace' },
      { label: "tracedFetch, of bare fetch's rate", of: 'bare', dividedBy: 'traced fetch' },
    ],
    starts: 4,
  },
]
