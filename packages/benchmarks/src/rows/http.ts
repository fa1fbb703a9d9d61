import { NODE, type Reading, type Row } from '../row.js'
import { type Framework, p99, rate } from '../served.js'
import { LONG_WARM_UP_MS, timed } from '../sides.js'

function rateRow(framework: Framework, title: string, ofBare: Reading): Row {
  return {
    name: `http-${framework}`,
    title: `${title}: a span each, both headers, YAML to disk`,
    unit: 'requests/s',
    sides: {
      trace: rate(framework, 'trace'),
      'hand-written': rate(framework, 'hand-written'),
      bare: rate(framework, 'bare'),
      opentelemetry: rate(framework, 'opentelemetry'),
    },
    readings: [
      {
        label: "of a hand-written hook's rate",
        of: 'trace',
        dividedBy: 'hand-written',
        goal: { atLeast: 1 },
      },
      ofBare,
      {
        label: "of OpenTelemetry's rate, which exports nowhere",
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
  rateRow('fastify', 'Fastify', { ...OF_BARE, goal: { atLeast: NODE >= 24 ? 0.87 : 0.8 } }),
  rateRow('express', 'Express', OF_BARE),
  rateRow('node', 'Node http', OF_BARE),
  latencyRow('fastify', 'Fastify'),
  latencyRow('express', 'Express'),
  latencyRow('node', 'Node http'),
  {
    name: 'headers',
    title: 'Node http: 64 KB of headers on a request',
    unit: 'requests/s',
    sides: {
      trace: rate('node', 'trace', 'many'),
      bare: rate('node', 'bare', 'many'),
    },
    readings: [{ ...OF_BARE, goal: { atLeast: 0.9 } }],
    starts: 2,
  },
  {
    name: 'headers-hostile',
    title: 'Node http: 64 KB of ids on a request, over and over, for all formats of them',
    unit: 'requests/s',
    sides: {
      trace: rate('node', 'all-formats', 'hostile'),
      bare: rate('node', 'bare', 'hostile'),
    },
    readings: [{ ...OF_BARE, goal: { atLeast: 0.9 } }],
    starts: 2,
  },
  {
    name: 'fetch',
    title: 'outgoing fetch with a client span',
    unit: 'ns',
    sides: {
      trace: timed('fetch', 'trace', LONG_WARM_UP_MS),
      'traced fetch': timed('fetch', 'traced fetch', LONG_WARM_UP_MS),
      context: timed('fetch', 'context', LONG_WARM_UP_MS),
      bare: timed('fetch', 'bare', LONG_WARM_UP_MS),
    },
    readings: [
      { label: "of bare fetch's rate", of: 'bare', dividedBy: 'trace', goal: { atLeast: 0.9 } },
      { label: 'of its rate within an AsyncLocalStorage', of: 'context', dividedBy: 'trace' },
      { label: "tracedFetch, of bare fetch's rate", of: 'bare', dividedBy: 'traced fetch' },
    ],
    starts: 6,
  },
]
