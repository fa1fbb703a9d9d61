// A process that asks a library that tells of its calls for the same over and over, in turns: with a span, and without one; where it does not
// tell of them; and there in a child span. It answers with what each part takes, in ns of processor time: parts.js <library> <folder of the run>
import { setImmediate as turn } from 'node:timers/promises'
import { type ActiveSpan, createTracer } from '@trace/core'
import { answerQuestions, numberIn } from '../harness/child.js'
import { spreadOf } from '../harness/statistics.js'
import { libraries } from './libraries.js'
import type { Ask } from './library.js'
import { asking, inChildSpans, QUERIES } from './query.js'
import { assertNone, nullRecorder } from './recorders.js'

const [name = '', folder = ''] = process.argv.slice(2)
const tracer = createTracer({ recorder: nullRecorder() })
const recording = tracer.start('task', 'parent', { root: true })
const unsampled = tracer.start('task', 'parent', { root: true, sampled: false })
const loading = load()

type Kind = 'alone' | 'telling' | 'traced' | 'child'
/** What is compared shares a client: one may have its answers in fewer turns of the event loop than another for good. */
async function load(): Promise<Readonly<Record<Kind, () => Promise<void>>>> {
  const library = libraries[name]
  if (library === undefined) throw new Error(`there is no library called ${name}`)
  const [alone, telling] = [await library.open(folder), await library.open(folder, tracer)]
  const sliceOf = (ask: Ask, within: ActiveSpan) => {
    const { slice } = asking(library, ask)
    return () => within.run(slice)
  }
  return {
    alone: sliceOf(alone, unsampled),
    telling: sliceOf(telling, unsampled),
    traced: sliceOf(telling, recording),
    child: sliceOf(inChildSpans(tracer, alone), recording),
  }
}

/** Nanoseconds of processor time that a query takes. */
async function measure(slice: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await slice()
  await turn()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / QUERIES
}

const KINDS: readonly Kind[] = ['alone', 'telling', 'traced', 'child']

type Turn = Record<Kind, number>

/** At least one turn. */
async function turnsWithin(milliseconds: number): Promise<Turn[]> {
  const slices = await loading
  const turns: Turn[] = []
  const start = performance.now()
  do {
    const taken = { alone: 0, telling: 0, traced: 0, child: 0 }
    const first = turns.length % KINDS.length
    for (const kind of [...KINDS.slice(first), ...KINDS.slice(0, first)]) taken[kind] = await measure(slices[kind])
    turns.push(taken)
  } while (performance.now() - start < milliseconds)
  assertNone(tracer.stats().dropped)
  return turns
}

/** All since it is warm: the parts are little beside the noise of a few turns. */
const measured: Turn[] = []

/** By the medians of the differences in each turn. */
function partsOf(turns: readonly Turn[]): Record<string, number> {
  const more = (kind: Kind, than: Kind): number => spreadOf(turns.map((taken) => taken[kind] - taken[than])).median
  const [span, telling, child] = [more('traced', 'telling'), more('telling', 'alone'), more('child', 'alone')]
  return { span, telling, child, times: span / child, whole: (span + telling) / child }
}

answerQuestions(async (question) => {
  if ('warmUp' in question) return partsOf(await turnsWithin(numberIn(question, 'warmUp')))
  measured.push(...(await turnsWithin(numberIn(question, 'milliseconds'))))
  return partsOf(measured)
})
