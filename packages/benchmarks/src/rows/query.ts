import { spawnSync } from 'node:child_process'
import type { Reading, Row, Side } from '../harness/row.js'
import { partsOfQuery, timed } from '../workloads/sides.js'

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
/** As many sides of it in one process. */
const PARTS_WARM_UP_MS = 10_000

/** Of libraries that need a program. */
const OBSTACLES: Readonly<Record<string, () => string | undefined>> = {
  bullmq: () =>
    spawnSync('redis-server', ['--version']).status === 0
      ? undefined
      : 'BullMQ needs a real Redis, and redis-server is not installed',
}

/** A difference of differences takes more than one look. */
const BURSTS = 2

const GOAL = { goal: { atMost: 1.5 } }

const SPAN: Reading = {
  label: "its span's part of that: times what a child span adds",
  ...{ of: 'trace', dividedBy: 'child', minus: 'bare' },
  ...GOAL,
}

const DIFFERENCES: readonly Reading[] = [
  { label: 'ns more than without one', of: 'trace', minus: 'bare' },
  { label: 'ns more in a child span than without one', of: 'child', minus: 'bare' },
]

const OPENTELEMETRY: readonly Reading[] = [
  { label: "ns more with OpenTelemetry's instrumentation than without", of: 'opentelemetry', minus: 'bare' },
  { label: 'of what that adds', of: 'trace', dividedBy: 'opentelemetry', minus: 'bare' },
]

/** Of a library that tells of its calls only if it is asked to: the goal is for our part. All within a trace, and in one process. */
const PARTS: readonly Reading[] = [
  { label: 'times a child span: the span alone, within a trace', of: 'span', figure: 'times', ...GOAL },
  { label: 'times a child span: with what the library does to tell of its calls', of: 'span', figure: 'whole' },
  { label: 'ns of processor time for the span', of: 'span' },
  { label: 'ns of processor time for the library, which tells of its calls', of: 'span', figure: 'telling' },
  { label: 'ns of processor time for a child span', of: 'span', figure: 'child' },
]

function queryRow([library, isInstrumented]: readonly [string, boolean]): Row {
  const side = (name: string): Side => timed('query', `${library} ${name}`, WARM_UP_MS[library])
  const isTelling = TELLING.has(library)
  const sides = {
    ...{ trace: side('traced'), child: side('child'), bare: side('bare') },
    ...(isTelling ? { span: partsOfQuery(library, PARTS_WARM_UP_MS) } : {}),
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
    readings: [
      { label: 'times as long as in a child span', of: 'trace', dividedBy: 'child', ...GOAL },
      ...(isTelling ? PARTS : [SPAN]),
      ...DIFFERENCES,
      ...(isInstrumented ? OPENTELEMETRY : []),
    ],
    bursts: BURSTS,
    ...(obstacle === undefined ? {} : { obstacle }),
  }
}

export const queryRows: readonly Row[] = LIBRARIES.map(queryRow)
