import { spawnSync } from 'node:child_process'
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
  ['bullmq', true],
  ['prisma', true],
  ['db0', false],
]

/** Of libraries that need a program. */
const OBSTACLES: Readonly<Record<string, () => string | undefined>> = {
  bullmq: () =>
    spawnSync('redis-server', ['--version']).status === 0
      ? undefined
      : 'BullMQ needs a real Redis, and redis-server is not installed',
}

/** A difference of differences takes more than one look. */
const BURSTS = 2

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
  const what =
    library === 'bullmq' ? 'a job of bullmq, added and processed' : `a query by ${library} that is answered at once`
  const obstacle = OBSTACLES[library]
  return {
    name: `query-${library}`,
    title: `${what}: with its span, in a child span with two data values, and without one`,
    unit: 'ns',
    sides: isInstrumented ? { ...sides, opentelemetry: side('opentelemetry') } : sides,
    readings: isInstrumented ? [...READINGS, ...OPENTELEMETRY] : READINGS,
    bursts: BURSTS,
    ...(obstacle === undefined ? {} : { obstacle }),
  }
}

export const queryRows: readonly Row[] = LIBRARIES.map(queryRow)
