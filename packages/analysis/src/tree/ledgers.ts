import { LEDGER_KIND, type Span } from '@trace/core/spans'

/** How long before a trace a ledger may begin that tells of its time, in ns: twice what a tracer waits before it records one. */
const BEFORE = 120_000_000_000n
/** Ledgers are kept so long after the last span, in ns: what was lost may be told later. */
const AFTER = 5_000_000_000n
/** At most so many of a trace's time, and one of each process to tell how long it ran. */
const MOST = 1_000

/**
 * Chooses the ledgers that may say why a trace lacks spans, for `missingOf`: those of its time, and the last one of each process. Give it the
 * ledgers of a store from {@link from} on, in any order.
 */
export class LedgerCollector {
  /** From when on ledgers tell of the trace, in nanoseconds since the Unix epoch; undefined where it lacks nothing: then nothing has to be read. */
  readonly from: bigint | undefined
  readonly #to: bigint
  readonly #ofItsTime: Span[] = []
  readonly #last = new Map<string, Span>()

  /** @param spans of the trace, each once */
  constructor(spans: readonly Span[]) {
    const [from, to] = timesOf(spans)
    this.from = lacksSpans(spans) ? from - BEFORE : undefined
    this.#to = to + AFTER
  }

  /** Takes any span; those that are no ledgers, or of another time, are left. */
  add(span: Span): void {
    const { kind, process, start, finish = start } = span
    if (kind !== LEDGER_KIND || this.from === undefined || start < this.from) return
    if (start <= this.#to && this.#ofItsTime.length < MOST) this.#ofItsTime.push(span)
    const known = this.#last.get(process)
    if (known !== undefined ? finish > (known.finish ?? known.start) : this.#last.size < MOST)
      this.#last.set(process, span)
  }

  /** Those that were chosen. */
  ledgers(): Span[] {
    return [...new Set([...this.#ofItsTime, ...this.#last.values()])]
  }
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
  return [from, to]
}
