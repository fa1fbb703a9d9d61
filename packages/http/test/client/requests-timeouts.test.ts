import { expect, test } from '@jest/globals'
import { base, on, recorder, tracer } from '../support/client-stand.js'
import { CLIENTS } from '../support/real-clients.js'

const OUTCOMES = {
  fetch: ['error', 'TimeoutError'],
  axios: ['error', 'AxiosError'],
  'axios by fetch': ['error', 'AxiosError'],
  got: ['error', 'TimeoutError'],
  // These abort the request, and tell of the timeout only to whoever waits for the answer.
  ky: ['aborted', undefined],
  needle: ['aborted', undefined],
  'node-fetch': ['aborted', undefined],
  superagent: ['aborted', undefined],
}

test('a timeout is recorded as what each client makes of it', async () => {
  const names = Object.keys(OUTCOMES)
  // Connections are there already: by fetch, a time that runs out before that looks like an abort.
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
