import { expect, test } from '@jest/globals'
import { base, clientSpans, on } from '../support/client-stand.js'
import { CLIENTS } from '../support/real-clients.js'

test.each([
  ['fetch', 'error', 'TimeoutError'],
  ['axios', 'error', 'AxiosError'],
  ['axios by fetch', 'error', 'AxiosError'],
  ['got', 'error', 'TimeoutError'],
  // These abort the request, and tell of the timeout only to whoever waits for the answer.
  ['ky', 'aborted', undefined],
  ['needle', 'aborted', undefined],
  ['node-fetch', 'aborted', undefined],
  ['superagent', 'aborted', undefined],
])('a timeout of %s is recorded as what the client makes of it', async (name, reason, type) => {
  // A connection is there already: by fetch, a time that runs out before that looks like an abort.
  await CLIENTS[name]?.(`${base}/a`)
  on()
  const spans = await clientSpans(async () => {
    await expect(CLIENTS[name]?.(`${base}/never`, { timeout: 300 })).rejects.toThrow()
  })
  expect(spans.map(({ data }) => [data['http.end_reason'], data['error.type']])).toEqual([[reason, type]])
})
