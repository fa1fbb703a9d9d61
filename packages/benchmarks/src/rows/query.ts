import type { Reading, Row, Side } from '../harness/row.js'
import { timed } from '../workloads/sides.js'

/** Those whose queries have spans, and whether OpenTelemetry has an instrumentation for their version. */
const LIBRARIES: readonly [string, boolean][] = [
  ['pg', true],
  ['postgres', false],
  ['kysely', false],
  ['mysql2', true],
  ['ioredis', true],
  ['redis', true],
  ['mongodb', true],
]

const READINGS: readonly Reading[] = [
  { label: 'times as long as in a child span', of: 'trace', dividedBy: 'child', goal: { atMost: 1.5 } },
  {
    label: "its span's part of that: times what a child span adds",
    ...{ of: 'trace', dividedBy: 'child', minus: 'bare', goal: { atMost: 1.5 } },
  },
  { label: 'ns more than without one', of: 'trace', minus: 'bare' },
  { label: 'ns more in a child span than without one', of: 'child', minus: 'bare' },
]

const OPENTELEMETRY: readonly Reading[] = [
  { label: "ns more with OpenTelemetry's instrumentation than without", of: 'opentelemetry', minus: 'bare' },
  { label: 'of what that adds', of: 'trace', dividedBy: 'opentelemetry', minus: 'bare' },
]

function queryRow([library, isInstrumented]: readonly [string, boolean]): Row {
  const side = (name: string): Side => timed('query', `${library} ${name}`)
  const sides = { trace: side('traced'), child: side('child'), bare: side('bare') }
  return {
    name: `query-${library}`,
    title: `a query by ${library} that is answered at once: with its span, in a child span with two data values, and without one`,
    unit: 'ns',
    sides: isInstrumented ? { ...sides, opentelemetry: side('opentelemetry') } : sides,
    readings: isInstrumented ? [...READINGS, ...OPENTELEMETRY] : READINGS,
  }
}

export const queryRows: readonly Row[] = LIBRARIES.map(queryRow)
