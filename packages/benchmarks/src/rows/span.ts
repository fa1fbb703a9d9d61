import { NODE_MAJOR, type Row } from '../harness/row.js'
import { allocated, timed, timedInSteadyState } from '../workloads/sides.js'

/** V8 compiles the same code a little differently in each process: a difference of some ns shows only over several. */
const DIFFERENT_STARTS = 7

export const spanRows: readonly Row[] = [
  {
    name: 'span',
    title: 'an empty span from start to finish, with a recorder that keeps nothing',
    unit: 'ns',
    sides: {
      trace: timed('span', 'trace'),
      opentelemetry: timed('span', 'opentelemetry'),
      floor: timed('span', 'floor'),
    },
    readings: [
      {
        label: 'OpenTelemetry takes … times as long',
        of: 'opentelemetry',
        dividedBy: 'trace',
        goal: { atLeast: NODE_MAJOR >= 24 ? 3 : 6 },
      },
      { label: 'times the hand-written floor', of: 'trace', dividedBy: 'floor', goal: { atMost: 2 } },
    ],
  },
  {
    name: 'child',
    title: 'a child span with two data values',
    unit: 'ns',
    sides: { trace: timed('span', 'child'), opentelemetry: timed('span', 'opentelemetry-child') },
    readings: [{ label: 'OpenTelemetry takes … times as long', of: 'opentelemetry', dividedBy: 'trace' }],
  },
  {
    name: 'bridge',
    title: "an empty span by OpenTelemetry's API, on the bridge and on its SDK",
    unit: 'ns',
    sides: { bridge: timed('span', 'bridge'), opentelemetry: timed('span', 'opentelemetry') },
    readings: [{ label: "of the SDK's time", of: 'bridge', dividedBy: 'opentelemetry', goal: { atMost: 0.5 } }],
  },
  {
    name: 'bridge-child',
    title: 'a child span with two attributes, the same way',
    unit: 'ns',
    sides: { bridge: timed('span', 'bridge-child'), opentelemetry: timed('span', 'opentelemetry-child') },
    readings: [{ label: "of the SDK's time", of: 'bridge', dividedBy: 'opentelemetry', goal: { atMost: 0.5 } }],
  },
  {
    name: 'unsampled',
    title: 'a trace of two spans that is not sampled',
    unit: 'ns',
    sides: {
      unsampled: timed('span', 'unsampled'),
      sampled: timed('span', 'sampled'),
      context: timed('span', 'context'),
    },
    readings: [
      { label: "of a sampled trace's time", of: 'unsampled', dividedBy: 'sampled' },
      { label: 'ns more than AsyncLocalStorage.run alone', of: 'unsampled', minus: 'context' },
    ],
  },
  {
    name: 'keep',
    title: 'a trace of two spans that is not sampled, held until it is known that nothing failed, and let go',
    unit: 'ns',
    sides: {
      'let-go': timed('span', 'let-go'),
      'let-go-errors': timed('span', 'let-go-errors'),
      floor: timed('span', 'held-floor'),
      unsampled: timed('span', 'unsampled'),
    },
    readings: [
      {
        label: 'times as long as an unsampled one: errors and slow traces are kept',
        of: 'let-go',
        dividedBy: 'unsampled',
        goal: { atMost: 2 },
      },
      { label: 'times as long as an unsampled one: errors are kept', of: 'let-go-errors', dividedBy: 'unsampled' },
      {
        label: 'the same of the hand-written floor: two contexts, four clock reads',
        of: 'floor',
        dividedBy: 'unsampled',
      },
      { label: 'times the hand-written floor', of: 'let-go', dividedBy: 'floor' },
    ],
    starts: DIFFERENT_STARTS,
    samples: 6,
  },
  {
    name: 'open-span',
    title: 'a child span in a tracer that records those that stay open for long',
    unit: 'ns',
    sides: { trace: timed('span', 'open-recorded'), without: timed('span', 'open-unrecorded') },
    readings: [
      { label: 'ns more than in a tracer that does not', of: 'trace', minus: 'without', goal: { atMost: 20 } },
    ],
    starts: DIFFERENT_STARTS,
    samples: 6,
  },
  {
    name: 'ledger',
    title: 'the ledger recorded to a file once more: it is once a minute, and after losses at most once a second',
    unit: 'ns',
    sides: { ledger: timed('span', 'with-ledger'), without: timed('span', 'without-ledger') },
    readings: [
      {
        label: 'ns more than without; 0.1% of a second are 1,000,000 ns',
        of: 'ledger',
        minus: 'without',
        goal: { atMost: 1_000_000 },
      },
    ],
  },
  {
    name: 'outside',
    title: 'span() outside any trace',
    unit: 'ns',
    sides: { trace: timed('span', 'outside'), bare: timed('span', 'bare') },
    readings: [
      {
        label: 'ns more than a bare call',
        of: 'trace',
        minus: 'bare',
        ...(NODE_MAJOR < 24 ? { goal: { atMost: 60 } } : {}),
      },
    ],
  },
  {
    name: 'bytes',
    title: 'bytes allocated per span',
    unit: 'B',
    sides: {
      trace: allocated('span', 'trace'),
      opentelemetry: allocated('span', 'opentelemetry'),
      floor: allocated('span', 'floor'),
    },
    readings: [
      { label: 'of what OpenTelemetry allocates', of: 'trace', dividedBy: 'opentelemetry', goal: { atMost: 1 / 3 } },
      { label: 'times the hand-written floor', of: 'trace', dividedBy: 'floor' },
    ],
    samples: 3,
  },
  {
    name: 'ticks',
    title: 'process.nextTick after all garbage has been collected',
    unit: 'ns',
    sides: { trace: timedInSteadyState('ticks', 'trace'), bare: timedInSteadyState('ticks', 'bare') },
    readings: [{ label: 'a process without a tracer takes … times as long', of: 'bare', dividedBy: 'trace' }],
  },
]
