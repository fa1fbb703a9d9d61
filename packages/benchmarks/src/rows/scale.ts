import type { Row, Side } from '../harness/row.js'
import { heapAfter, longestTurn, timed } from '../workloads/sides.js'

const SIZES = [1, 100, 10_000, 1_000_000]
const LARGEST_QUICK_SIZE = 10_000

/** The cost of one operation among more and more others. It must not grow with their number. */
function scaleRow(name: string, title: string, side: (size: number) => Side): Row {
  const sides: Record<string, Side> = {}
  for (const size of SIZES) {
    sides[String(size)] = (run) => side(run.quick ? Math.min(size, LARGEST_QUICK_SIZE) : size)(run)
  }
  return {
    name: `scale-${name}`,
    title,
    unit: 'ns',
    sides,
    readings: [
      { label: 'times as long with 1,000,000 as with 10,000', of: '1000000', dividedBy: '10000', goal: { atMost: 2 } },
      { label: 'times as long with 10,000 as with 100', of: '10000', dividedBy: '100' },
    ],
    starts: 2,
    samples: 4,
  }
}

const LEAK_SPANS = 10_000_000
const QUICK_LEAK_SPANS = 50_000

/** @param part of the spans */
function heapAfterPart(part: number): Side {
  return (run) => heapAfter((run.quick ? QUICK_LEAK_SPANS : LEAK_SPANS) * part)(run)
}

const OPEN_SPANS = 100_000
const QUICK_OPEN_SPANS = 1_000

/** @param recording whether spans are recorded as open */
function turnsWithOpenSpans(recording: boolean): Side {
  return (run) => longestTurn(run.quick ? QUICK_OPEN_SPANS : OPEN_SPANS, recording)(run)
}

export const scaleRows: readonly Row[] = [
  scaleRow('open', 'a span from start to finish, with 1 to 1,000,000 others open', (size) =>
    timed('scale', `open-${size}`),
  ),
  scaleRow('queued', 'a span from start to finish, with 1 to 1,000,000 others queued', (size) =>
    timed('scale', `queued-${size}`),
  ),
  scaleRow('append', 'a span recorded to a file of 1 to 1,000,000 spans', (size) =>
    timed('yaml-file', `append-${size}`),
  ),
  scaleRow('find', 'a trace found in a file of 1 to 1,000,000 spans, per span', (size) =>
    timed('yaml-file', `find-${size}`),
  ),
  {
    name: 'leak',
    title: 'heap after 10,000,000 spans and after a tenth of them',
    unit: 'MB',
    sides: { all: heapAfterPart(1), tenth: heapAfterPart(0.1) },
    readings: [
      { label: 'times as much after all as after a tenth', of: 'all', dividedBy: 'tenth', goal: { atMost: 1.1 } },
    ],
    starts: 1,
    samples: 1,
  },
  {
    name: 'scale-turns',
    title:
      'the longest turn of the event loop with 100,000 open spans, by processor time, without collections of garbage',
    unit: 'ms',
    sides: { recorded: turnsWithOpenSpans(true), 'not recorded': turnsWithOpenSpans(false) },
    readings: [
      { label: 'ms while the spans are recorded as open', of: 'recorded', goal: { atMost: 10 } },
      { label: 'ms more than where none are recorded', of: 'recorded', minus: 'not recorded' },
      { label: 'ms while the tracer is closed', of: 'recorded', figure: 'close', goal: { atMost: 10 } },
      { label: 'ms by the clock, other processes included', of: 'recorded', figure: 'clock' },
      { label: 'ms by the clock where none are recorded', of: 'not recorded', figure: 'clock' },
      { label: 'ms that the longest collection takes', of: 'recorded', figure: 'collection' },
      { label: 'ms that it takes where none are recorded', of: 'not recorded', figure: 'collection' },
    ],
    starts: 2,
    samples: 3,
  },
]
