import { createTracer, memoryRecorder, type Span, TraceError } from '@trace/core'
import { openRecorder } from '@trace/core/open'
import { type Propagator, w3c } from '@trace/http'
import { traceExpress } from '@trace/http/express'

const propagator: Propagator = w3c()

test('what is typed runs', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service: 'users', recorder })
  const length: number = tracer.trace('task', 'count', (span) => {
    span.data['n'] = 1
    return 4
  })
  await tracer.close()
  const spans: readonly Span[] = recorder.spans
  expect([length, spans.map(({ name }) => name)]).toEqual([4, ['count']])
  expect(traceExpress({ tracer, propagators: [propagator] })).toHaveLength(3)
  expect(() => openRecorder('nowhere:x')).toThrow(TraceError)
})
