import { createTracer } from '@trace/core'
import { openRecorder } from '@trace/core/open'

export const tracer = createTracer({
  service: 'nest-app',
  recorder: openRecorder(process.env.TRACE_RECORDER ?? 'memory:'),
})
