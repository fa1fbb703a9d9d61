import type { Row } from '../harness/row.js'
import { timed } from '../workloads/sides.js'

export const queryRows: readonly Row[] = [
  {
    name: 'query-pg',
    title:
      'a query by pg that is answered at once: with its span, in a child span with two data values, and without one',
    unit: 'ns',
    sides: { trace: timed('query', 'traced'), child: timed('query', 'child'), bare: timed('query', 'bare') },
    readings: [
      { label: 'times as long as in a child span', of: 'trace', dividedBy: 'child', goal: { atMost: 1.5 } },
      { label: 'ns more than without one', of: 'trace', minus: 'bare' },
      { label: 'ns more in a child span than without one', of: 'child', minus: 'bare' },
    ],
  },
]
