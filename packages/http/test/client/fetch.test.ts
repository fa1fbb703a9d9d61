import { describe, expect, test } from '@jest/globals'
import { tracedFetch } from '../../src/client.js'
import { base, clientSpans, on, receivedIds, recorder, requestIds, tracer } from '../support/client-stand.js'

describe('fetch', () => {
  test('has a span for each redirect', async () => {
    on()
    const spans = await clientSpans(() => fetch(`${base}/redirect`).then((answer) => answer.text()))
    expect(spans.map((s) => [s.data['url.path'], s.data['http.response.status_code']])).toEqual([
      ['/redirect', 302],
      ['/a', 200],
    ])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('that the program aborts is no failure; one that times out is', async () => {
    on()
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    const [aborted] = await clientSpans(() => fetch(`${base}/never`, { signal: abort.signal }).catch(() => {}))
    expect(aborted?.data['http.end_reason']).toBe('aborted')
    expect(aborted?.data).not.toHaveProperty(['error.type'])
    recorder.clear()
    const [late] = await clientSpans(() => fetch(`${base}/never`, { signal: AbortSignal.timeout(300) }).catch(() => {}))
    expect(late?.data).toMatchObject({ 'http.end_reason': 'error', 'error.type': 'TimeoutError' })
  })

  test('of a path that looks like a host goes to its own', async () => {
    on({ propagateTo: ['localhost'] })
    const spans = await clientSpans(() => fetch(`${base}//a/b`).then((answer) => answer.text()))
    expect(spans[0]?.data).toMatchObject({ 'server.address': 'localhost', 'url.path': '//a/b' })
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('of a host that is not there is marked failed', async () => {
    on()
    const [span] = await clientSpans(() =>
      fetch('http://127.0.0.1:9')
        .catch(() => fetch('http://127.0.0.1:59999'))
        .catch(() => {}),
    )
    expect(span?.data).toMatchObject({ 'error.type': expect.any(String), 'http.end_reason': 'error' })
  })
})

describe('tracedFetch', () => {
  test.each([false, true])('has one span a request, with traceClients on: %p', async (both) => {
    if (both) on()
    const fetchTraced = tracedFetch(tracer, { kind: 'explicit' })
    const spans = await clientSpans(() => fetchTraced(`${base}/redirect`).then((answer) => answer.text()))
    expect(spans.map((s) => [s.kind, s.data['url.path']])).toEqual([
      ['explicit', '/redirect'],
      ['explicit', '/a'],
    ])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('leaves the plain fetch alone', async () => {
    tracedFetch(tracer)
    expect(await clientSpans(() => fetch(`${base}/a`).then((answer) => answer.text()))).toEqual([])
  })
})
