import type { RequestOptions } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import type { Propagator } from '../../src/propagation/propagator.js'
import { w3c } from '../../src/propagation/w3c.js'
import { base, clientSpans, on, receivedIds, requestIds, send } from '../support/client-stand.js'

const list = (headers: Readonly<Record<string, string>>): RequestOptions => ({
  headers: Object.entries(headers).flat(),
})

const WAYS: readonly (readonly [string, (headers: Record<string, string>) => Promise<unknown>])[] = [
  ['node:http', (headers) => send('/a', { headers })],
  ['node:http with a list of headers', (headers) => send('/a', list({ Host: 'localhost', ...headers }))],
  ['node:http with Expect', (headers) => send('/a', { headers: { ...headers, Expect: '100-continue' } })],
  ['fetch', async (headers) => (await fetch(`${base}/a`, { headers })).text()],
]

/** A header of the current trace, such as a proxy gets and forwards. */
function idsOfNow(): string {
  const span = currentSpan()
  return `${span?.traceId}:${span?.spanId}`
}

describe.each(WAYS)('an id header of the same trace, by %s', (_way, request) => {
  test.each<[string, Record<string, string>]>([
    ['AWS', { Authorization: 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-request-id, Signature=c' }],
    ['RFC 9421', { 'Signature-Input': 'sig1=("@method" "x-request-id");keyid="a"', Signature: 'sig1=:YQ==:' }],
    ['its drafts', { Authorization: 'Signature keyId="a",headers="(request-target) host X-Request-Id",signature="c"' }],
    ['its drafts, in a header of its own', { Signature: 'keyId="a",headers="date x-request-id",signature="c"' }],
  ])('stays where it is signed: %s', async (_what, signature) => {
    on()
    let signed = ''
    await clientSpans(() => {
      signed = idsOfNow()
      return request({ 'X-Request-Id': signed, ...signature })
    })
    expect(receivedIds()).toEqual([signed])
  })

  test.each<[string, Record<string, string>]>([
    ['nothing is signed', { Authorization: 'Bearer abc' }],
    ['others are signed', { Authorization: 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;date, Signature=c' }],
  ])('is that of the request where %s', async (_what, headers) => {
    on()
    const spans = await clientSpans(() => request({ 'X-Request-Id': idsOfNow(), ...headers }))
    expect(receivedIds()).toEqual(requestIds(spans))
  })
})

function writing(name: string, value: string): Propagator {
  return { headers: [name], extract: () => undefined, inject: (_span, set) => set(name, value) }
}

describe.each(WAYS)('by %s', (_way, request) => {
  test.each<[string, Propagator]>([
    ['a name', writing('a b', '1')],
    ['an empty name', writing('', '1')],
    ['a value', writing('X-Own-Ids', 'a\nb')],
    ['a value beyond Latin-1', writing('X-Own-Ids', '日')],
  ])('%s that no header may have keeps nothing from being sent', async (_what, propagator) => {
    on({ propagators: [propagator, w3c()] })
    let error: unknown
    const spans = await clientSpans(async () => {
      error = await request({ 'X-Own': 'a' })
    })
    expect(error instanceof Error).toBe(false)
    expect(spans.map(({ data }) => data['http.response.status_code'])).toEqual([200])
  })
})
