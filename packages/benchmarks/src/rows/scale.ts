import { numberIn, startServant } from '../processes.js'
import type { Row, Side } from '../row.js'
import { timed } from '../sides.js'

const SIZES = [1, 100, 10_000, 1_000_000]
const LARGEST_OF_SMOKE = 10_000

/** The cost of one where there are more and more: nothing may grow with their number. */
function scaleRow(name: string, title: string, side: (size: number) => Side): Row {
  const sides: Record<string, Side> = {}
  for (const size of SIZES) {
    sides[String(size)] = (run) => side(run.quick ? Math.min(size, LARGEST_OF_SMOKE) : size)(run)
  }
  return {
    name: `scale-${name}`,
    title,
    unit: 'ns',
    sides,
    readings: [
      { label: 'with 1,000,000, of what it costs with 10,000', of: '1000000', dividedBy: '10000', goal: { atMost: 2 } },
      { label: 'with 10,000, of what it costs with 100', of: '10000', dividedBy: '100' },
    ],
    starts: 2,
    samples: 4,
  }
}

const LEAK_SPANS = 10_000_000
const QUICK_LEAK_SPANS = 50_000

/** Megabytes that a process holds after a part of ten million spans. */
function heapAfter(part: number): Side {
  return async ({ quick }) => {
    const servant = startServant('heap.js', [], ['--expose-gc'])
    const spans = (quick ? QUICK_LEAK_SPANS : LEAK_SPANS) * part
    return {
      sample: async () => ({ value: numberIn(await servant.ask({ spans }), 'heap') / 1e6 }),
      close: () => servant.close(),
    }
  }
}

export const scaleRows: readonly Row[] = [
  scaleRow('open', 'one span, start to finish, with so many others open', (size) => timed('scale', `open-${size}`)),
  scaleRow('queued', 'one span, start to finish, with so many others queued', (size) =>
    timed('scale', `queued-${size}`),
  ),
  scaleRow('append', 'one span recorded to a file that holds so many', (size) => timed('file', `append-${size}`)),
  scaleRow('find', 'a trace found in a file of so many spans, a span', (size) => timed('file', `find-${size}`)),
  {
    name: 'leak',
    title: 'heap after 10,000,000 spans and after a tenth of them',
    unit: 'MB',
    sides: { all: heapAfter(1), tenth: heapAfter(0.1) },
    readings: [
      { label: 'after all, of what it was after a tenth', of: 'all', dividedBy: 'tenth', goal: { atMost: 1.1 } },
    ],
    starts: 1,
    samples: 1,
  },
]
