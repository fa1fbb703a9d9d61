import type { PlainData, Span } from '../contract/span.js'
import type { Stacks } from '../contract/tracer.js'
import { bytesOf } from '../queue/backlog.js'
import type { Ledger } from '../queue/ledger.js'
import type { Recorded } from '../queue/open-spans.js'
import type { Queue } from '../queue/queue.js'
import { NO_DATA, type Plain } from '../values/plain.js'
import { plainAlready, toPlain } from '../values/to-plain.js'
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
    return new SpanRecord(span, finish, data, this.#inputs)
  }
}

type Draft = { -readonly [Key in keyof Span]: Span[Key] }
type NewRecord = new (span: TracedSpan, finish: bigint | undefined, data: PlainData, inputs: Inputs) => Span

/**
 * What is recorded of a span: an object like any that a literal makes. No literal makes it, since nearly all of these live until their batch
 * is written. If V8 finds that of a literal, which depends on chance, it allocates its objects among the old ones from then on, where the
 * dead hold what is young until all garbage is collected: each collection of the young generation then takes four times as long.
 *
 * A class could not have the prototype of literals, and TypeScript takes no function for a constructor.
 */
const SpanRecord = function (
  this: Draft,
  span: TracedSpan,
  finish: bigint | undefined,
  data: PlainData,
  inputs: Inputs,
) {
  this.spanId = span.spanId
  this.traceId = span.traceId
  this.parentId = span.parentId
  this.process = inputs.text(span.process, 'process', span.tracer.process)
  this.kind = inputs.text(span.kind, 'kind')
  this.name = inputs.text(span.name, 'name')
  this.start = span.start
  this.finish = finish
  this.data = data
  const upperTraceId = span.remote?.upperTraceId ?? 0n
  if (upperTraceId !== 0n) this.upperTraceId = upperTraceId
} as unknown as NewRecord
Object.defineProperty(SpanRecord, 'prototype', { value: Object.prototype })
