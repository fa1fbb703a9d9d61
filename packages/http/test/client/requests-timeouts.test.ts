import { expect, test } from '@jest/globals'
import { base, on, recorder, tracer } from '../support/client-stand.js'
import { CLIENTS } from '../support/real-clients.js'

const OUTCOMES = {
  fetch: ['error', 'TimeoutError'],
  axios: ['error', 'AxiosError'],
  'axios by fetch': ['error', 'AxiosError'],
  got: ['error', 'TimeoutError'],
  // These clients abort the request; only their caller learns that it was a timeout.
  ky: ['aborted', undefined],
  needle: ['aborted', undefined],
  'node-fetch': ['aborted', undefined],
  superagent: ['aborted', undefined],
}

test('a timeout is recorded as what each client makes of it', async () => {
  const names = Object.keys(OUTCOMES)
  // The connections are open before. With fetch, a timeout while connecting looks like an abort.
  await Promise.all(names.map((name) => CLIENTS[name]?.(`${base}/a`)))
  on()
  await Promise.all(
    names.map((name) =>
      tracer.trace('work', name, () => expect(CLIENTS[name]?.(`${base}/never`, { timeout: 500 })).rejects.toThrow()),
    ),
  )
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 10))
  await tracer.flush()
  const found = names.map((name) => {
    const { traceId } = recorder.spans.find((span) => span.kind === 'work' && span.name === name) ?? {}
    const clients = recorder.spans.filter((span) => span.kind === 'client' && span.traceId === traceId)
    return [name, ...clients.map(({ data }) => [data['http.end_reason'], data['error.type']])]
  })
  expect(found).toEqual(Object.entries(OUTCOMES))
})
