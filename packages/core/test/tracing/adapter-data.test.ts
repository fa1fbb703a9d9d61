import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { Span } from '../../src/contract/span.js'
import type { TracerOptions } from '../../src/contract/tracer.js'
import { tee } from '../../src/queue/tee.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { dataToWrite, writeLater } from '../../src/tracing/adapter-data.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import type { LateData } from '../../src/tracing/live-data.js'

/** What an adapter knows of a span: the first entry from the start, the second only at its end. */
class Known implements LateData {
  readonly #first: string
  #second: string | undefined
  #isFinished = false
  isWritten = false
  writes = 0

  constructor(first = 'a') {
    this.#first = first
  }

  writeTo(data: Record<string, unknown>): void {
    this.writes++
    if (!this.#isFinished) this.isWritten = true
    data['first'] = this.#first
    if (this.#second !== undefined) data['second'] = this.#second
  }

  /** As an adapter ends a span. */
  end(span: ActiveSpan, second = 'b'): void {
    if (!this.#isFinished) this.#second = second
    if (this.isWritten) dataToWrite(span)['second'] = second
    span.finish()
  }

  finish(): number {
    this.#isFinished = true
    return 100 + this.#first.length
  }
}

const recorder = memoryRecorder()
const aTracer = (options: Partial<TracerOptions> = {}) => createTracer({ service: 'users', recorder, ...options })
afterEach(() => recorder.clear())

function fails(): never {
  throw new Error('wrong')
}

/** The only span that was recorded. */
function recorded(): Span {
  const [span, ...more] = recorder.spans
  if (span === undefined || more.length > 0) throw new Error(`${recorder.spans.length} spans`)
  return span
}

describe('what an adapter writes later', () => {
  test('is written once, when the batch is recorded, as an object like any literal', async () => {
    const tracer = aTracer()
    const known = new Known()
    const span = tracer.start('k', 'n')
    expect(writeLater(span, known)).toBe(true)
    known.end(span)
    expect(known.writes).toBe(0)
    expect(tracer.stats()).toMatchObject({ open: 0, queued: 1 })
    await tracer.flush()
    expect(known.writes).toBe(1)
    expect(recorded()).toMatchObject({ kind: 'k', name: 'n', spanId: span.spanId, traceId: span.traceId })
    expect(recorded().data).toStrictEqual({ first: 'a', second: 'b' })
    expect(tracer.stats()).toMatchObject({ recorded: 1, queued: 0 })
  })

  test('is written for some spans at once, in their order, among others', async () => {
    const tracer = aTracer()
    const all = Array.from({ length: 300 }, (_, at) => new Known(`${at}`))
    const most = (): number => all.filter(({ writes }) => writes === 0).length
    let unwritten = 0
    for (const [at, known] of all.entries()) {
      const span = tracer.start('k', String(at))
      if (at % 3 === 0) known.writeTo(span.data)
      else writeLater(span, known)
      known.end(span)
      unwritten = Math.max(unwritten, most() - (all.length - at - 1))
    }
    await tracer.flush()
    expect(unwritten).toBeLessThan(64)
    expect(recorder.spans.map(({ name }) => name)).toEqual(all.map((_, at) => String(at)))
    expect(recorder.spans.map(({ data }) => data['first'])).toEqual(all.map((_, at) => String(at)))
    expect(all.map(({ writes }) => writes)).toEqual(all.map(() => 1))
  })

  test('is as it was when the span finished, and its name too', async () => {
    const tracer = aTracer()
    const known = new Known()
    const span = tracer.start('k', 'before')
    writeLater(span, known)
    span.name = 'n'
    known.end(span)
    span.name = 'too late'
    expect(span.data).toEqual({ first: 'a', second: 'b' })
    span.data['own'] = 'too late'
    dataToWrite(span)['adapter'] = 'too late'
    span.data = { assigned: 'too late' }
    span.fail(new Error('too late'))
    span.event('too late')
    expect(span.data).toEqual({ first: 'a', second: 'b', own: 'too late', adapter: 'too late', assigned: 'too late' })
    await tracer.flush()
    expect(recorded()).toMatchObject({ name: 'n' })
    expect(recorded().data).toStrictEqual({ first: 'a', second: 'b' })
    recorder.clear()
    const early = tracer.start('k', 'n')
    const unknown = new Known()
    writeLater(early, unknown)
    early.finish()
    unknown.end(early)
    await tracer.flush()
    expect(recorded().data).toStrictEqual({ first: 'a' })
  })

  test('is there as soon as anybody asks for data', async () => {
    const tracer = aTracer()
    const ways: Record<string, (span: ActiveSpan) => unknown> = {
      read: (span) => expect(span.data).toEqual({ first: 'a' }),
      assigned: (span) => Object.assign(span, { data: { own: 1 } }),
      written: (span) => Object.assign(dataToWrite(span), { own: 1 }),
      failed: (span) => span.fail(new TypeError('no')),
      event: (span) => span.event('e'),
      link: (span) => span.link({ traceId: 1n, spanId: 2n }),
      frozen: (span) => Object.freeze(span),
    }
    for (const [name, act] of Object.entries(ways)) {
      const known = new Known()
      const span = tracer.start('k', name)
      writeLater(span, known)
      act(span)
      known.end(span)
      await tracer.flush()
      const [first] = Object.keys(recorded().data)
      expect([name, first]).toEqual([name, 'first'])
      expect(recorded().data).toMatchObject({ first: 'a', second: 'b' })
      recorder.clear()
    }
  })

  test('is cut where it is long, and counted for the bytes that may wait', async () => {
    const tracer = aTracer({ bufferBytes: 50_000, logger: { warn: () => {} } })
    for (let count = 0; count < 3; count++) {
      const known = new Known('x'.repeat(40_000))
      const span = tracer.start('k', 'n')
      writeLater(span, known)
      known.end(span)
    }
    expect(tracer.stats()).toMatchObject({ queued: 2, dropped: 1 })
    await tracer.flush()
    expect(recorder.spans.map(({ data }) => String(data['first']).length < 33_000)).toEqual([true, true])
  })

  test.each<[string, Partial<LateData>]>([
    ['throws', { writeTo: fails, finish: fails }],
    ['is of no size', { finish: () => Number.NaN }],
    ['is of endless size', { finish: () => Number.POSITIVE_INFINITY }],
    ['is of less than no size', { finish: () => -1e9 }],
    ['has no text for one', { finish: () => JSON.parse('"1"') }],
  ])('does no harm to the program, nor to the account, where it %s', async (_what, wrong) => {
    const tracer = aTracer()
    for (let count = 0; count < 3; count++) {
      const span = tracer.start('k', 'n')
      expect(writeLater(span, { writeTo: (data) => Object.assign(data, { own: 1 }), finish: () => 1, ...wrong })).toBe(
        true,
      )
      span.finish()
      expect(span.data).toEqual(wrong.writeTo === undefined ? { own: 1 } : {})
    }
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ started: 3, recorded: 3, dropped: 0 })
  })

  test('is in the record of a span that is open', async () => {
    const tracer = aTracer({ openAfter: 20 })
    const known = new Known()
    const span = tracer.start('k', 'n')
    writeLater(span, known)
    while (recorder.spans.length === 0) await setTimeout(5)
    expect(recorded()).toMatchObject({ finish: undefined, data: { first: 'a' } })
    recorder.clear()
    known.end(span)
    await tracer.close()
    expect(recorder.spans.map(({ data }) => data)).toContainEqual({ first: 'a', second: 'b' })
  })

  test('goes to each store of a tee, and is tried again', async () => {
    const other = memoryRecorder()
    let tries = 0
    const failing = {
      name: 'failing',
      record: (spans: readonly Span[]) => {
        if (tries++ === 0) throw Object.assign(new Error('busy'), { code: 'EAGAIN' })
        return recorder.record(spans)
      },
    }
    const tracer = aTracer({ recorder: tee(failing, other), ledger: false, logger: { warn: () => {} } })
    const known = new Known()
    const span = tracer.start('k', 'n')
    writeLater(span, known)
    known.end(span)
    await tracer.close()
    expect(other.spans).toHaveLength(1)
    expect(other.spans[0]?.data).toStrictEqual({ first: 'a', second: 'b' })
    expect(known.writes).toBe(1)
  })

  test('is refused where the data have begun, or the span is not one that will be recorded', async () => {
    const tracer = aTracer({ keep: { errors: true }, sample: (_kind, name) => name !== 'held' })
    const begun = tracer.start('k', 'n')
    dataToWrite(begun)['own'] = 1
    const finished = tracer.start('k', 'n')
    finished.finish()
    const held = tracer.start('k', 'held')
    const unsampled = aTracer().start('k', 'n', { sampled: false })
    for (const span of [begun, finished, held, unsampled]) expect(writeLater(span, new Known())).toBe(false)
    for (const span of [begun, held, unsampled]) span.finish()
    await tracer.close()
    expect(recorder.spans.map(({ data }) => data).filter(({ first }) => first !== undefined)).toEqual([])
  })

  test('is stored at the exit of the process', () => {
    const program = `
      import { createTracer, writeLater } from '@trace/core'
      const print = (spans) => console.log(spans.map(({ name, data }) => name + JSON.stringify(data)).join())
      const tracer = createTracer({ recorder: { name: 'r', record: async () => {}, recordSync: print }, ledger: false, openAfter: false })
      const start = (name) => {
        const span = tracer.start('k', name)
        let isFinished = false
        writeLater(span, { writeTo: (data) => Object.assign(data, { isFinished }), finish: () => ((isFinished = true), 1) })
        return span
      }
      start('first').finish()
      const second = start('second')
      process.on('exit', () => second.finish())
      process.exit()`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    })
    expect(printed).toBe('first{"isFinished":true}\nsecond{"isFinished":true}\n')
  })

  test('makes no difference to what is recorded, whatever is done with the span', async () => {
    const acts = {
      read: (span: ActiveSpan) => void span.data,
      own: (span: ActiveSpan) => Object.assign(span.data, { own: 1 }),
      again: (span: ActiveSpan) => Object.assign(span.data, { first: 'changed' }),
      assigned: (span: ActiveSpan) => Object.assign(span, { data: { assigned: [1] } }),
      failed: (span: ActiveSpan) => span.fail({ name: 'E', message: 'no' }),
      link: (span: ActiveSpan) => span.link({ traceId: 1n, spanId: 2n }),
      named: (span: ActiveSpan) => Object.assign(span, { name: 'other' }),
      notText: (span: ActiveSpan) => Object.assign(span, { name: 5 }),
      frozen: (span: ActiveSpan) => Object.freeze(span),
      finished: (span: ActiveSpan) => span.finish(),
    }
    const someActs = fc.array(fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[])), { maxLength: 5 })
    const tracer = aTracer({ logger: { warn: () => {} } })
    const property = fc.asyncProperty(someActs, someActs, async (before, after) => {
      for (const isLater of [true, false]) {
        const known = new Known()
        const span = tracer.start('k', 'n')
        if (!isLater || !writeLater(span, known)) known.writeTo(dataToWrite(span))
        for (const act of before) tryTo(() => acts[act](span))
        known.end(span)
        for (const act of after) tryTo(() => acts[act](span))
      }
      await tracer.flush()
      const [later, atOnce] = recorder.spans.map(({ name, data }) => ({ name, data: Object.entries(data) }))
      recorder.clear()
      expect(later).toEqual(atOnce)
    })
    await fc.assert(property, { numRuns: runs(800) })
  })
})

/** A frozen span throws. */
function tryTo(act: () => void): void {
  try {
    act()
  } catch {
    // As it does where nothing is written later.
  }
}
