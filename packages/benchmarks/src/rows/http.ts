import { NODE_MAJOR, type Reading, type Row, type Side } from '../harness/row.js'
import {
  type Application,
  type Framework,
  LATENCIES,
  latency,
  rate,
  type ServerLoad,
  type VariantName,
} from '../servers/sides.js'
import { timedInSteadyState } from '../workloads/sides.js'

/** What of the load and the server differs between the rows of a framework. */
interface RateRow extends Pick<ServerLoad, 'isJustStarted' | 'isWorking'> {
  readonly name: 'http' | 'young' | 'working'
  readonly what: string
}

const ANSWERED_AT_ONCE: RateRow = { name: 'http', what: '' }
const JUST_STARTED: RateRow = { name: 'young', what: ', just started', isJustStarted: true }
const WORKING: RateRow = { name: 'working', what: ' that waits for a timer and answers 2 kB of JSON', isWorking: true }
export const RATE_ROWS: readonly RateRow[] = [ANSWERED_AT_ONCE, WORKING, JUST_STARTED]

const COST_LABEL = 'µs of processor time a request more than bare'
/** The readings that say what a request costs more than on the bare server: traced, with the hook, and with OpenTelemetry. */
export const COST_LABELS: readonly string[] = [
  COST_LABEL,
  'hand-written, µs more than bare',
  'OpenTelemetry, µs more than bare',
]

function rateRow(framework: Framework, title: string, { name, what, ...load }: RateRow): Row {
  const side = (variant: VariantName): Side => rate({ framework, variant, ...load })
  return {
    name: `${name}-${framework}`,
    title: `${title}${what}: a span for each request, both headers, YAML to disk`,
    unit: 'requests/s',
    sides: {
      trace: side('trace'),
      'hand-written': side('hand-written'),
      bare: side('bare'),
      opentelemetry: side('opentelemetry'),
    },
    readings: [
      {
        label: COST_LABEL,
        of: 'trace',
        minus: 'bare',
        figure: 'µs',
        ...goalOf(framework),
      },
      {
        label: "µs more than a hand-written hook's",
        of: 'trace',
        minus: 'hand-written',
        figure: 'µs',
        goal: { atMost: 0 },
      },
      { label: 'hand-written, µs more than bare', of: 'hand-written', minus: 'bare', figure: 'µs' },
      { label: 'OpenTelemetry, µs more than bare', of: 'opentelemetry', minus: 'bare', figure: 'µs' },
      { label: "of a hand-written hook's rate", of: 'trace', dividedBy: 'hand-written', goal: { atLeast: 1 } },
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

function goalOf(framework: Framework): Pick<Reading, 'goal'> {
  return framework === 'fastify' ? { goal: { atMost: 9 } } : {}
}

const OF_BARE: Reading = { label: "of the bare server's rate", of: 'trace', dividedBy: 'bare' }

export function latencyLabel(of: 'trace' | 'hand-written', figure: string): string {
  return `${of === 'trace' ? '' : `${of}, `}of the bare server's ${figure}`
}

function latencyRow(framework: Framework, title: string): Row {
  return {
    name: `p99-${framework}`,
    title: `${title}: p99 at 70% of the bare server's rate, and other latencies`,
    unit: 'ms',
    sides: {
      trace: latency(framework, 'trace'),
      'hand-written': latency(framework, 'hand-written'),
      bare: latency(framework, 'bare'),
    },
    readings: (['trace', 'hand-written'] as const).flatMap((of) =>
      LATENCIES.map((figure) => ({
        label: latencyLabel(of, figure),
        of,
        dividedBy: 'bare',
        figure,
        ...(of === 'trace' && figure === 'p99 at 70%' ? { goal: { atMost: 1.5 } } : {}),
      })),
    ),
    // What V8 makes of a process differs from start to start more than samples of one do.
    starts: 3,
    samples: 10,
  }
}

/** What is compared are differences of some µs. */
const BURST_MS = 100
const BURSTS = 10

function heldRow(name: string, what: string, framework: Application): Row {
  const side = (variant: VariantName): Side => rate({ framework, variant }, BURST_MS)
  return {
    name,
    title: `${what} is not sampled, held until it is known that nothing failed, and let go`,
    unit: 'requests/s',
    sides: {
      held: side('held'),
      unsampled: side('unsampled'),
      bare: side('bare'),
    },
    readings: [
      {
        label: 'times the processor time where traces are not held',
        of: 'held',
        dividedBy: 'unsampled',
        figure: 'µs',
        goal: { atMost: 2 },
      },
      {
        label: 'times what tracing adds where traces are not held',
        of: 'held',
        dividedBy: 'unsampled',
        minus: 'bare',
        figure: 'µs',
        goal: { atMost: 2 },
      },
      { label: 'µs of processor time a request more than bare', of: 'held', minus: 'bare', figure: 'µs' },
      { label: 'not held, µs more than bare', of: 'unsampled', minus: 'bare', figure: 'µs' },
      { label: 'of the rate where traces are not held', of: 'held', dividedBy: 'unsampled' },
    ],
    starts: 4,
    samples: 6,
    bursts: BURSTS,
  }
}

export const FRAMEWORKS: readonly (readonly [Framework, string])[] = [
  ['fastify', 'Fastify'],
  ['express', 'Express'],
  ['node', 'Node http'],
]

export const httpRows: readonly Row[] = [
  ...RATE_ROWS.flatMap((which) => FRAMEWORKS.map(([name, title]) => rateRow(name, title, which))),
  ...FRAMEWORKS.map(([name, title]) => latencyRow(name, title)),
  heldRow('keep-http', 'Node http: a request whose trace', 'node'),
  heldRow('keep-services', 'three services of Node http, one of which calls the two others: a trace that', 'services'),
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
      'context and header': timedInSteadyState('fetch', 'context and header'),
      bare: timedInSteadyState('fetch', 'bare'),
    },
    readings: [
      { label: "of bare fetch's rate", of: 'bare', dividedBy: 'trace', goal: { atLeast: 0.9 } },
      { label: "of fetch's rate within an AsyncLocalStorage", of: 'context', dividedBy: 'trace' },
      {
        label: "of fetch's rate within an AsyncLocalStorage, with a header",
        of: 'context and header',
        dividedBy: 'trace',
      },
      { label: "tracedFetch, of bare fetch's rate", of: 'bare', dividedBy: 'traced fetch' },
    ],
    starts: 4,
  },
]
