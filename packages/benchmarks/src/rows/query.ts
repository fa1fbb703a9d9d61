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

/** Those that tell of their calls only if they are asked to, which takes them time of their own. */
const TELLING: ReadonlySet<string> = new Set(['mongodb'])

/** How long those warm up, in ms, of which V8 has compiled less than all in the usual time: what a span adds is little beside that. */
const WARM_UP_MS: Readonly<Record<string, number>> = { mongodb: 3_000 }

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

/** Within a trace each, which takes time of its own on Node 20. */
const PARTS: readonly Reading[] = [
  { label: 'ns of it by the library, which tells of its calls', of: 'monitored', minus: 'inside' },
  { label: 'ns of it by the span', of: 'trace', minus: 'monitored' },
  { label: 'ns of that in a child span by the span', of: 'child', minus: 'inside' },
]

function queryRow([library, isInstrumented]: readonly [string, boolean]): Row {
  const side = (name: string): Side => timed('query', `${library} ${name}`, WARM_UP_MS[library])
  const isTelling = TELLING.has(library)
  const sides = {
    ...{ trace: side('traced'), child: side('child'), bare: side('bare') },
    ...(isTelling ? { inside: side('inside'), monitored: side('monitored') } : {}),
    ...(isInstrumented ? { opentelemetry: side('opentelemetry') } : {}),
  }
  const what =
    library === 'bullmq' ? 'a job of bullmq, added and processed' : `a query by ${library} that is answered at once`
  const obstacle = OBSTACLES[library]
  return {
    name: `query-${library}`,
    title: `${what}: with its span, in a child span with two data values, and without one`,
    unit: 'ns',
    sides,
    readings: [...READINGS, ...(isTelling ? PARTS : []), ...(isInstrumented ? OPENTELEMETRY : [])],
    bursts: BURSTS,
    ...(obstacle === undefined ? {} : { obstacle }),
  }
}

export const queryRows: readonly Row[] = LIBRARIES.map(queryRow)
