import { describe, expect, jest, test } from '@jest/globals'
import { currentSpanId } from '../../src/context/context.js'
import type { Span } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { bind, go, span, warn } from '../../src/tracing/free-functions.js'

const recorder = memoryRecorder()
const logged = jest.fn<(message: string) => void>()
const tracer = createTracer({ service: 'users', recorder, logger: { warn: logged }, warningInterval: 60_000 })

async function recorded(): Promise<Span[]> {
  await tracer.flush()
  const spans = [...recorder.spans]
  recorder.clear()
  return spans
}

describe('go', () => {
  async function failures(how: (name: string, fn: () => unknown) => void): Promise<void> {
    how('rejects', async () => {
      await null
      throw new Error('later\n(node:1) forged line')
    })
    how('throws', () => {
      throw new Error('now')
    })
    how('works', () => 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  test('records a failure, logs it on one line, and lets it go no further', async () => {
    logged.mockClear()
    await tracer.trace('work', 'above', () => failures((name, fn) => tracer.go('work', name, fn)))
    await tracer.trace('work', 'above', () => failures((name, fn) => go('work', name, fn)))
    const spans = await recorded()
    expect(spans).toHaveLength(8)
    expect(
      spans
        .filter((s) => s.data['error.type'] === 'Error')
        .map((s) => s.name)
        .sort(),
    ).toEqual(['rejects', 'rejects', 'throws', 'throws'])
    expect(logged).toHaveBeenCalledTimes(1)
    expect(logged.mock.calls[0]?.[0]).toMatch(/^trace: go\(work throws\) failed: now$/)
    expect(logged.mock.calls.join('')).not.toContain('\n')
  })

  test('outlives the span it started in, as its child', async () => {
    let finishIt: () => void = () => {}
    const above = tracer.trace('work', 'above', (s) => {
      go('work', 'below', () => new Promise<void>((resolve) => (finishIt = resolve)))
      return s
    })
    expect(await recorded()).toMatchObject([{ name: 'above' }])
    finishIt()
    await null
    expect(await recorded()).toMatchObject([{ name: 'below', parentId: above.spanId, traceId: above.traceId }])
  })

  test('outside a trace runs all the same, and its failure is a warning', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await failures((name, fn) => go('work', name, fn))
    expect(emitWarning).toHaveBeenCalledTimes(1)
    emitWarning.mockRestore()
    expect(await recorded()).toEqual([])
  })
})

test('two tracers in one program share the context: a child goes to the tracer that starts it', async () => {
  const other = memoryRecorder()
  const second = createTracer({ service: 'second', recorder: other })
  tracer.trace('work', 'above', () => second.span('work', 'below', () => span('work', 'lowest', () => {})))
  await second.flush()
  const [above] = await recorded()
  expect(other.spans.map((s) => [s.name, s.traceId, s.process.split(':')[0]])).toEqual([
    ['lowest', above?.traceId, 'second'],
    ['below', above?.traceId, 'second'],
  ])
})

describe('bind', () => {
  test('ties a callback to the context it is bound in, and leaves its this and arguments alone', () => {
    const bound = tracer.trace('work', 'w', (span) =>
      bind(function (this: { x: number }, y: number) {
        return { same: currentSpanId() === span.spanId, sum: this.x + y }
      }),
    )
    expect(bound.call({ x: 1 }, 2)).toEqual({ same: true, sum: 3 })
    const outside = bind(() => currentSpanId())
    tracer.trace('work', 'w', () => expect(outside()).toBe(0n))
  })
})

describe('warn', () => {
  function silenced() {
    return jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  }

  function aTracer() {
    const said: string[] = []
    const logger = { warn: (message: string) => void said.push(message) }
    return { tracer: createTracer({ recorder: memoryRecorder(), logger, warningInterval: 20 }), said }
  }

  test("goes to the logger of the current span's tracer, or the tracer that is asked", () => {
    const emitWarning = silenced()
    const { tracer, said } = aTracer()
    tracer.trace('work', 'w', () => warn('twice', 'registered twice'))
    tracer.warn('lost', 'lost\nheader')
    expect(said).toEqual(['trace: registered twice', 'trace: lost\\u{a}header'])
    expect(emitWarning).not.toHaveBeenCalled()
    emitWarning.mockRestore()
  })

  test('outside a trace is a warning of the process', () => {
    const emitWarning = silenced()
    expect(currentSpanId()).toBe(0n)
    warn('outside', 'nobody knows')
    expect(emitWarning.mock.calls).toEqual([['trace: nobody knows', 'TraceWarning']])
    emitWarning.mockRestore()
  })

  test('says each code at once, and then its latest once an interval; none of ours goes with it', async () => {
    const { tracer, said } = aTracer()
    for (const code of ['input', 'b', 'input', 'input']) tracer.warn(code, `of ${code}`)
    tracer.start('work', 'w', { traceId: -1n })
    expect(said.splice(0)).toEqual([
      'trace: of input',
      'trace: of b',
      expect.stringContaining('traceId: expected a bigint'),
    ])
    while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(said).toEqual(['trace: of input (the latest of 2 such warnings)'])
  })

  test('never throws, whatever it is given, and says no endless line', () => {
    const { tracer, said } = aTracer()
    const odd = {
      toString: () => {
        throw new Error('no text')
      },
    }
    for (const message of [undefined, Symbol('x'), odd, 'x'.repeat(5_000)]) {
      Reflect.apply(tracer.warn, tracer, [message, message])
    }
    expect(said.map((line) => line.length).filter((length) => length > 1_010)).toEqual([])
    expect(said).toHaveLength(4)
  })
})
