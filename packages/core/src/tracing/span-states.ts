import type { PlainData, Span } from '../contract/span.js'
import type { Stacks } from '../contract/tracer.js'
import { bytesOf } from '../queue/backlog.js'
import type { Ledger } from '../queue/ledger.js'
import type { Recorded } from '../queue/open-spans.js'
import type { Queue } from '../queue/queue.js'
import { NO_DATA, type Plain, plainAlready } from '../values/plain.js'
import { toPlain } from '../values/to-plain.js'
import type { Inputs } from './inputs.js'
import { isShared } from './live-data.js'
import type { SpanChanges, TracedSpan } from './traced-span.js'

/** What happens to the spans of a tracer, from their start to the queue, and their records. */
export class SpanStates implements SpanChanges {
  readonly #ledger: Ledger
  readonly #queue: Queue<TracedSpan>
  readonly #inputs: Inputs
  readonly #stacks: Stacks

  /** @param stacks whether errors in data keep their stacks */
  constructor(ledger: Ledger, queue: Queue<TracedSpan>, inputs: Inputs, stacks: Stacks) {
    this.#ledger = ledger
    this.#queue = queue
    this.#inputs = inputs
    this.#stacks = stacks
  }

  started(span: TracedSpan): void {
    this.#queue.start(span)
  }

  /** A span starts of which it is undecided whether its trace is kept. */
  startedUndecided(): void {
    this.#ledger.start()
  }

  startedUnsampled(): void {
    this.#ledger.startUnsampled()
  }

  finished(span: TracedSpan, finish: bigint): void {
    this.#queue.finish(span)
    if (this.#queue.hasRoom()) this.#push(span, finish, this.#dataOf(span))
    else this.#queue.drop()
  }

  hold(span: TracedSpan): Plain {
    this.#ledger.hold()
    return this.#dataOf(span)
  }

  recordHeld(span: TracedSpan, finish: bigint, plain: Plain): void {
    this.#ledger.recall()
    if (this.#queue.hasRoom()) this.#push(span, finish, plain)
    else this.#queue.drop()
  }

  letGo(isHeld: boolean): void {
    this.#ledger.letGo(isHeld)
  }

  keepOpen(span: TracedSpan): void {
    this.#queue.keepOpen(span)
  }

  openRecord(span: TracedSpan): Recorded {
    const { data, size } = span.lazyData === undefined ? NO_DATA : toPlain(span.lazyData, this.#stacks)
    const record = this.#record(span, undefined, data)
    return { span: record, bytes: bytesOf(record, size) }
  }

  #push(span: TracedSpan, finish: bigint, { data, size }: Plain): void {
    const record = this.#record(span, finish, data)
    this.#queue.push(record, bytesOf(record, size))
  }

  /** The data of a span that has finished. */
  #dataOf(span: TracedSpan): Plain {
    const { lazyData } = span
    if (lazyData === undefined) return NO_DATA
    return (isShared(span) ? undefined : plainAlready(lazyData)) ?? toPlain(lazyData, this.#stacks)
  }

  #record(span: TracedSpan, finish: bigint | undefined, data: PlainData): Span {
    const record: Draft = { ...BLANK }
    record.spanId = span.spanId
    record.traceId = span.traceId
    record.parentId = span.parentId
    record.process = this.#inputs.text(span.process, 'process', span.tracer.process)
    record.kind = this.#inputs.text(span.kind, 'kind')
    record.name = this.#inputs.text(span.name, 'name')
    record.start = span.start
    record.finish = finish
    record.data = data
    const upperTraceId = span.remote?.upperTraceId ?? 0n
    return upperTraceId === 0n ? record : { ...record, upperTraceId }
  }
}

type Draft = { -readonly [Key in keyof Span]: Span[Key] }

/**
 * Records are copies of it, which no literal makes, since nearly all of them live until their batch is written. If V8 finds that of a literal,
 * which depends on chance, it allocates its objects among the old ones from then on, where the dead hold what is young until all garbage is
 * collected: each collection of the young generation then takes four times as long. A copy takes 10 ns more.
 */
const BLANK: Span = {
  spanId: 0n,
  traceId: 0n,
  parentId: 0n,
  process: '',
  kind: '',
  name: '',
  start: 0n,
  finish: undefined,
  data: NO_DATA.data,
}
