// A process that records spans and then answers with the size of its heap in bytes: node --expose-gc heap.js
import { setImmediate as turn } from 'node:timers/promises'
import { type ActiveSpan, createTracer } from '@trace/core'
import { answerQuestions, numberIn } from '../harness/child.js'
import { assertNone, nullRecorder } from './recorders.js'

const tracer = createTracer({ recorder: nullRecorder() })

const once = (): void => tracer.trace('task', 'nothing', addData)

function addData({ data }: ActiveSpan): void {
  data['number'] = 1
}

answerQuestions(async (question) => {
  const spans = numberIn(question, 'spans')
  for (let done = 0; done < spans; done += 500) {
    for (let at = 0; at < 500; at++) once()
    await turn()
  }
  await tracer.flush()
  assertNone(tracer.stats().dropped)
  globalThis.gc?.()
  return { heap: process.memoryUsage().heapUsed }
})
