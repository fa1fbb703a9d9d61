import { createTracer, memoryRecorder, type Span, type Tracer } from '@trace/core'

/** Spans such as a service records: a request with two calls below it, again and again. */
export async function sampleSpans(count: number): Promise<Span[]> {
  const recorder = memoryRecorder({ limit: count + 3 })
  const tracer = createTracer({ recorder, process: 'users:4711@host-1', buffer: count + 3 })
  while (tracer.stats().started < count) request(tracer)
  await tracer.close()
  return recorder.spans.slice(0, count)
}

const request = (tracer: Tracer): void =>
  tracer.trace('request', 'GET /users/:id', ({ data }) => {
    data['http.request.method'] = 'GET'
    data['url.path'] = '/users/42'
    call(tracer, 'load user')
    call(tracer, 'load orders')
    data['http.response.status_code'] = 200
  })

const call = (tracer: Tracer, name: string): void =>
  tracer.span('db', name, ({ data }) => {
    data['rows'] = name.length
    data['table'] = 'users'
  })
