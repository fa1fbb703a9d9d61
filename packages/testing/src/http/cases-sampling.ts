import { equal } from 'node:assert/strict'
import { currentSpan } from '@trace/core'
import { assertSeen, hexIds, parseSeen } from './seen.js'
import type { HttpAbilities } from './server.js'
import { type Add, OWN_KIND, type Setup } from './stand.js'

/** Traces that are not recorded: their requests are served and carry ids like all others. */
export function addSamplingCases(add: Add, suite: HttpAbilities, hasFormats: boolean): void {
  const unsampled: Setup = { isUnsampled: true, options: { honorReqHeader: true } }
  add('a trace that is not recorded has ids all the same', unsampled, async (stand) => {
    const { status, headers, body } = await stand.client.ask({ path: '/own', headers: [['X-Request-Id', '42:43']] })
    const seen = parseSeen(body)
    equal(status, 200)
    equal(headers['x-request-id'], '42')
    equal(seen.traceId, '42')
    assertSeen(seen, 'x-request-id', `42:${seen.spanId}`, suite)
    equal((await stand.spans()).length, 0)
    equal(stand.tracer.stats().unsampled, 1)
  })
  const handle: Setup['handle'] =
    ({ tracer }) =>
    async (_req, res) => {
      await tracer.span(`${OWN_KIND}work`, 'work', async () => {})
      res.writeHead(503)
      res.end(`${currentSpan()?.sampled}`)
    }
  add('nothing below is recorded either, where it fails too', { ...unsampled, handle }, async (stand) => {
    equal((await stand.client.ask({ path: '/any' })).body, 'false')
    equal((await stand.spans()).length, 0)
    equal(stand.tracer.stats().unsampled, 2)
  })
  if (!hasFormats) return
  add('formats that can say so say it', { ...unsampled, formats: ['w3c', 'b3', 'b3Multi'] }, async (stand) => {
    const seen = parseSeen((await stand.client.ask({ path: '/own' })).body)
    const [trace, id] = hexIds(seen)
    assertSeen(seen, 'traceparent', `00-${trace.padStart(32, '0')}-${id}-00`, suite)
    assertSeen(seen, 'b3', `${trace}-${id}-0`, suite)
    assertSeen(seen, 'x-b3-sampled', '0', suite)
  })
}
