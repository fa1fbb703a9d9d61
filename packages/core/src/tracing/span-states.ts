import type { PlainData, Span } from '../contract/span.js'
import type { Stacks } from '../contract/tracer.js'
import { bytesOf, Unmade } from '../queue/backlog.js'
import type { Ledger } from '../queue/ledger.js'
import type { Recorded } from '../queue/open-spans.js'
import type { Queue } from '../queue/queue.js'
import { NO_DATA, type Plain, plainAlready } from '../values/plain.js'
import { toPlain } from '../values/to-plain.js'
import type { Inputs } from './inputs.js'
import { dataSoFar, sizeAtFinish, writtenBy } from './live-data.js'
import type { SpanChanges } from './span-owner.js'
import type { TracedSpan } from './traced-span.js'

/** What happens to the spans of a tracer, from their start to the queue, and their records. */
export class SpanStates implements SpanChanges<TracedSpan> {
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
    if (!this.#queue.hasRoom()) this.#queue.drop()
    else if (span.lateData === undefined || span.lazyData !== undefined) this.#push(span, finish, this.#dataOf(span))
    else {
      const name = this.#nameOf(span)
      const bytes = bytesOf(span.kind, name, sizeAtFinish(span.lateData))
      this.#queue.push(new UnmadeRecord(span, name, finish), bytes)
    }
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
    const live = dataSoFar(span)
    const { data, size } = live === undefined ? NO_DATA : toPlain(live, this.#stacks)
    const record = this.#record(span, this.#nameOf(span), undefined, data)
    return { span: record, bytes: bytesOf(record.kind, record.name, size) }
  }

  #push(span: TracedSpan, finish: bigint, { data, size }: Plain): void {
    const record = this.#record(span, this.#nameOf(span), finish, data)
    this.#queue.push(record, bytesOf(record.kind, record.name, size))
  }

  /** The data of a span that has finished. */
  #dataOf(span: TracedSpan): Plain {
    const { lazyData } = span
    if (lazyData === undefined) return NO_DATA
    return (span.isDataShown ? undefined : plainAlready(lazyData)) ?? toPlain(lazyData, this.#stacks)
  }

  #nameOf(span: TracedSpan): string {
    return this.#inputs.text(span.name, 'name')
  }

  /** The record of a span that has finished before. */
  recordOf(span: TracedSpan, name: string, finish: bigint): Span {
    const written = writtenBy(span.lateData)
    const { data } = plainAlready(written) ?? toPlain(written, this.#stacks)
    return this.#record(span, name, finish, data)
  }

  #record(span: TracedSpan, name: string, finish: bigint | undefined, data: PlainData): Span {
    const record: Draft = { ...BLANK }
    record.spanId = span.spanId
    record.traceId = span.traceId
    record.parentId = span.parentId
    record.process = this.#inputs.text(span.process, 'process', span.tracer.process)
    record.kind = this.#inputs.text(span.kind, 'kind')
    record.name = name
    record.start = span.start
    record.finish = finish === undefined ? undefined : finish + span.clockOffset
    record.data = data
    const upperTraceId = span.remote?.upperTraceId ?? 0n
    return upperTraceId === 0n ? record : { ...record, upperTraceId }
  }
}

/** What a record is made of, as it was when its span finished. */
class UnmadeRecord extends Unmade {
  readonly #span: TracedSpan
  readonly #name: string
  readonly #finish: bigint

  constructor(span: TracedSpan, name: string, finish: bigint) {
    super()
    this.#span = span
    this.#name = name
    this.#finish = finish
  }

  make(): Span {
    return this.#span.tracer.states.recordOf(this.#span, this.#name, this.#finish)
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
