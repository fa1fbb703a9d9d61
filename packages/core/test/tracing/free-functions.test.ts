import { afterAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { currentSpanId } from '../../src/context/context.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { warn } from '../../src/tracing/free-functions.js'

describe('warn', () => {
  const emitWarning = jest.spyOn(process, 'emitWarning')
  beforeEach(() => void emitWarning.mockReset().mockImplementation(() => {}))
  afterAll(() => emitWarning.mockRestore())

  function aTracer() {
    const said: string[] = []
    const logger = { warn: (message: string) => void said.push(message) }
    return { tracer: createTracer({ recorder: memoryRecorder(), logger, warningInterval: 20 }), said }
  }

  test("goes to the logger of the current span's tracer, or the tracer that is asked", () => {
    const { tracer, said } = aTracer()
    tracer.trace('work', 'w', () => warn('twice', 'registered twice'))
    tracer.warn('lost', 'lost\nheader')
    expect(said).toEqual(['trace: registered twice', 'trace: lost\\u{a}header'])
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('outside a trace is a warning of the process', () => {
    expect(currentSpanId()).toBe(0n)
    warn('outside', 'nobody knows')
    expect(emitWarning.mock.calls).toEqual([['trace: nobody knows', 'TraceWarning']])
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
