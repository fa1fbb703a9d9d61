// A program that ends in some way, right after a span has finished.
import { createTracer } from '@trace/core'
import { yamlRecorder } from '@trace/yamlrec'

const [, , how] = process.argv
const tracer = createTracer({ service: 'job', recorder: yamlRecorder({ path: process.env.TRACE_FILE }) })
tracer.trace('task', 'finished', () => {})
if (how === 'exit') process.exit(0)
if (how === 'throw') throw new Error('uncaught')
if (how === 'reject') void Promise.reject(new Error('unhandled'))
if (how === 'throw later') {
  setTimeout(() => {
    throw new Error('uncaught')
  }, 1)
}
