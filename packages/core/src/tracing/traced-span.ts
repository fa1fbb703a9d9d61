import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run, SpanIds } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import type { OpenPlace, OpenSpan, Recorded } from '../queue/open-spans.js'
import { describe } from '../values/errors.js'
import { formatTime } from '../values/time.js'
import { nothingToRun } from './inputs.js'
import { addData, addError, addToList, dataOf, EVENT_KEYS, idsOf, type LateData, LINK_KEYS } from './live-data.js'
import type { LocalTrace, SpanOwner } from './span-owner.js'

/** Bits of one number: V8 tests a bit in two instructions, and a boolean in up to fifteen. */
const FINISHED = 1
const DATA_SHOWN = 2

/**
 * A span that is recorded, or may be. Of the traces that are held until it is known whether they are kept, most are not. So a random id
 * of a span is made when somebody asks for it, and its times stay on the monotonic clock until then.
 */
export class TracedSpan implements ContextSpan, OpenSpan<TracedSpan> {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs, which takes time for each span.
  declare readonly tracer: SpanOwner<TracedSpan>
  declare readonly trace: LocalTrace<TracedSpan>
  declare process: string
  declare readonly kind: string
  declare name: string
  // Private, since these can be written where the program has frozen the span.
  #spanId: bigint | undefined = undefined
  #parent: bigint | TracedSpan = 0n
  #begun: bigint
  #place: OpenPlace<TracedSpan> = 0
  #lazyData: Record<string, unknown> | undefined = undefined
  #flags = 0
  #lateData: LateData | undefined = undefined

  constructor(tracer: SpanOwner<TracedSpan>, trace: LocalTrace<TracedSpan>, kind: string, name: string) {
    this.tracer = tracer
    this.trace = trace
    this.process = tracer.process
    this.kind = kind
    this.name = name
    // What is recorded needs one in any case. Ids that the program makes are asked for in the order in which spans start, held or not.
    if (trace.late === undefined || tracer.hasOwnIds) this.#spanId = tracer.newId()
    this.#begun = tracer.now()
  }

  /** @param parent its id; in a trace that is held, the span itself */
  setParent(parent: bigint | TracedSpan): void {
    this.#parent = parent
  }

  get spanId(): bigint {
    this.#spanId ??= this.tracer.newId()
    return this.#spanId
  }

  get traceId(): bigint {
    return this.trace.traceId
  }

  get parentId(): bigint {
    return typeof this.#parent === 'bigint' ? this.#parent : this.#parent.spanId
  }

  /** The span that it is below, in a trace that is held; undefined for the first one in this process. */
  get parent(): TracedSpan | undefined {
    return typeof this.#parent === 'bigint' ? undefined : this.#parent
  }

  get remote(): RemoteContext | undefined {
    return this.trace.remote
  }

  get clockOffset(): bigint {
    return this.trace.clockOffset
  }

  get late(): ContextSpan['late'] {
    return this.trace.late
  }

  /** When it started, by the monotonic clock. */
  get begun(): bigint {
    return this.#begun
  }

  get start(): bigint {
    return this.#begun + this.trace.clockOffset
  }

  set start(time: bigint) {
    this.#begun = time - this.trace.clockOffset
  }

  get sampled(): boolean {
    const { late } = this.trace
    return late === undefined || late.state === 'kept'
  }

  get recording(): true {
    return true
  }

  get isFinished(): boolean {
    return (this.#flags & FINISHED) !== 0
  }

  get place(): OpenPlace<TracedSpan> {
    return this.#place
  }

  set place(place: OpenPlace<TracedSpan>) {
    this.#place = place
  }

  get lazyData(): Record<string, unknown> | undefined {
    return this.#lazyData
  }

  get isDataShown(): boolean {
    return (this.#flags & DATA_SHOWN) !== 0
  }

  setData(data: Record<string, unknown>, isShown: boolean): void {
    this.#lazyData = data
    this.#flags = isShown ? this.#flags | DATA_SHOWN : this.#flags & ~DATA_SHOWN
  }

  get lateData(): LateData | undefined {
    return this.#lateData
  }

  set lateData(lateData: LateData) {
    this.#lateData = lateData
  }

  get elapsed(): bigint {
    return this.tracer.now() - this.#begun
  }

  get data(): Record<string, unknown> {
    return dataOf(this)
  }

  set data(entries: Readonly<Record<string, unknown>>) {
    if (!addData(this, entries)) this.badInput(`data of a span: expected an object, got ${describe(entries)}`)
  }

  run<T>(fn: (span: ActiveSpan) => T): T
  run(fn: Run): unknown {
    if (typeof fn === 'function') return context.run(this, fn, this)
    this.badInput(nothingToRun(fn))
    return undefined
  }

  fail(error: unknown): void {
    if (this.isFinished) return
    addError(this, error, this.tracer.stacks)
    this.trace.late?.failed(this)
  }

  event(name: string, data?: Readonly<Record<string, unknown>>, time?: bigint): void {
    if (this.isFinished) return
    if (typeof name !== 'string') this.badInput(`name of an event: expected a text, got ${describe(name)}`)
    const text = typeof name === 'string' ? name : ''
    const own = () => ({
      time: formatTime(this.tracer.givenTime(time) ?? this.tracer.now() + this.trace.clockOffset),
      name: text,
    })
    addToList(this, EVENT_KEYS, own, data)
  }

  link(to: SpanIds, data?: Readonly<Record<string, unknown>>): void {
    if (this.isFinished) return
    const ids = idsOf(to)
    if (ids === undefined)
      this.badInput(`link: expected a span, or { traceId, spanId } as bigints, got ${describe(to)}`)
    else addToList(this, LINK_KEYS, () => ids, data)
  }

  finish(time?: bigint): void {
    if (this.isFinished) return
    this.#flags |= FINISHED
    const { late } = this.trace
    const finish = time === undefined ? undefined : this.#monotonic(time)
    if (late === undefined) this.tracer.states.finished(this, finish ?? this.tracer.now())
    else late.finished(this, finish)
  }

  /** A time that the program gives, by the monotonic clock; undefined for now. */
  #monotonic(time: bigint): bigint | undefined {
    const given = this.tracer.givenTime(time)
    return given === undefined ? undefined : given - this.trace.clockOffset
  }

  record(): Recorded {
    return this.tracer.states.openRecord(this)
  }

  badInput(message: string): void {
    this.tracer.badInput(message)
  }

  [Symbol.dispose](): void {
    this.finish()
  }
}
