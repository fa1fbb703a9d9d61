import type { TraceReader } from '@trace/core'
import { LEDGER_KIND, type Span } from '@trace/core/spans'

/** How long before a trace a ledger may begin that tells of its time, in ns: twice what a tracer waits before it records one. */
const BEFORE = 120_000_000_000n
/** Ledgers are kept so long after the last span, in ns: what was lost may be told later. */
const AFTER = 5_000_000_000n
/** At most so many of a trace's time, and one of each process to tell how long it ran. */
const MOST = 1_000

export interface Ledgers {
  readonly ledgers: readonly Span[]
  /** Why they could not be read; undefined where they were. */
  readonly problem: string | undefined
}

const NONE: Ledgers = { ledgers: [], problem: undefined }

/** The ledgers that may say why a trace lacks spans: those of its time, and the last one of each process. None where it lacks nothing. */
export async function ledgersFor(reader: TraceReader, spans: readonly Span[], signal: AbortSignal): Promise<Ledgers> {
  if (!lacksSpans(spans)) return NONE
  const [from, to] = timesOf(spans)
  const ofItsTime: Span[] = []
  const last = new Map<string, Span>()
  // No span meets this: so a reader looks at all of them.
  const where = (span: Span): boolean => {
    const { kind, process, start, finish = start } = span
    if (kind !== LEDGER_KIND || start < from) return false
    if (start <= to && ofItsTime.length < MOST) ofItsTime.push(span)
    const known = last.get(process)
    if (known !== undefined ? finish > (known.finish ?? known.start) : last.size < MOST) last.set(process, span)
    return false
  }
  try {
    await reader.traces({ kind: LEDGER_KIND, from, limit: 1, where }, { signal })
  } catch (error) {
    return { ledgers: [], problem: `why, cannot be told: ${error instanceof Error ? error.message : String(error)}` }
  }
  return { ledgers: [...new Set([...ofItsTime, ...last.values()])], problem: undefined }
}

/** Whether some span is open, or has a parent that is not there. */
function lacksSpans(spans: readonly Span[]): boolean {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.some(({ parentId, finish }) => finish === undefined || (parentId !== 0n && !ids.has(parentId)))
}

function timesOf(spans: readonly Span[]): readonly [from: bigint, to: bigint] {
  let from = spans[0]?.start ?? 0n
  let to = from
  for (const { start, finish = start } of spans) {
    if (start < from) from = start
    if (finish > to) to = finish
  }
  return [from - BEFORE, to + AFTER]
}
