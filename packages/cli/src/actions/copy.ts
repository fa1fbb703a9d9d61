import type { Recorder } from '@trace/core'
import type { Span } from '@trace/core/spans'
import { openSources } from '../sources/open.js'
import { readSpans, scan } from '../sources/scan.js'
import { noteSkipped } from '../sources/skipped.js'
import { openTarget } from '../sources/target.js'
import { type Context, EXIT, Failure, report } from '../terminal/context.js'
import { Progress } from '../terminal/progress.js'
import { counted } from '../terminal/values.js'

/** Options of `trace copy`. */
export interface CopyFlags {
  readonly since?: bigint
  readonly until?: bigint
  readonly json?: boolean
}

/** How many spans are recorded at a time. */
const BATCH = 1_000

/** `trace copy`. */
export async function copyStore(
  context: Context,
  { since, until, json }: CopyFlags,
  words: readonly string[],
): Promise<void> {
  const [to, ...from] = words.toReversed()
  if (to === undefined || from.length === 0)
    throw new Failure('expected the stores to copy from, and the one to copy to')
  const reader = await openSources(context, from.toReversed())
  const range = { ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { to: until }) }
  const recorder = await openTarget(context.cwd, to)
  const there = await spansIn(context, to)
  const sum = { copied: 0, there: 0 }
  const progress = new Progress(context, 'spans copied')
  const copying = async (spans: readonly Span[]): Promise<void> => {
    const missing = spans.filter((span) => there.get(keyOf(span)) !== stateOf(span))
    sum.there += spans.length - missing.length
    for (let at = 0; at < missing.length; at += BATCH) {
      context.signal.throwIfAborted()
      await recorder.record(missing.slice(at, at + BATCH))
      const count = Math.min(BATCH, missing.length - at)
      sum.copied += count
      progress.step(count)
    }
  }
  try {
    const onReport = noteSkipped.bind(undefined, context)
    for (const ledgers of [false, true]) {
      for await (const spans of readSpans(context, reader, { ...range, ledgers, onReport })) await copying(spans)
    }
  } finally {
    progress.end()
    await closing(recorder)
    const text = `${counted(sum.copied, 'span')} copied to ${to}, ${sum.there} there already`
    report(context, text, { json, object: { copied: sum.copied, already_there: sum.there, to }, isTaken: false })
  }
  if (sum.copied + sum.there === 0) context.process.exitCode = EXIT.nothing
}

async function closing(recorder: Recorder): Promise<void> {
  await recorder.close?.()
}

/** What is in the store to copy to, by span: so that copying goes on where it was stopped. A store that is not there yet has nothing. */
async function spansIn(context: Context, to: string): Promise<ReadonlyMap<string, State>> {
  const there = new Map<string, State>()
  try {
    const reader = await openSources(context, [to])
    for (const ledgers of [false, true]) {
      await scan(context, reader, { ledgers }, (span) => there.set(keyOf(span), stateOf(span)))
    }
  } catch (error) {
    const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
    if (code !== 'TRACE_CANNOT_READ') throw error
  }
  return there
}

type State = 'open' | 'finished'

function stateOf({ finish }: Span): State {
  return finish === undefined ? 'open' : 'finished'
}

function keyOf({ traceId, spanId }: Span): string {
  return `${traceId}:${spanId}`
}
