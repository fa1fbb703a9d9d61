import type { Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { isId, parseId } from '@trace/core'
import fc from 'fast-check'
import { b3 } from '../src/b3.js'
import { parseIdHeader, requestId } from '../src/request-id.js'
import { w3c } from '../src/w3c.js'
import { type App, frameworks, type Seen, startApp } from './frameworks.js'
import { ask, open, requestText } from './raw-client.js'

let app: App
let socket: Socket

afterEach(async () => {
  socket?.destroy()
  await app?.close()
})

/** Whatever a header may hold, and what looks like ids but for a little. */
const anyValue = fc.oneof(
  fc.string({ unit: fc.constantFrom(...printable()), maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'0123456789::- +x,\t"\u00b2'), maxLength: 50 }),
  fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 66n }), fc.bigInt({ min: 0n, max: 2n ** 66n })).map((ids) => ids.join(':')),
  fc.tuple(hex(31, 33), hex(15, 17), hex(1, 3)).map((parts) => `00-${parts.join('-')}`),
  fc.tuple(hex(16, 32), hex(16, 16)).map((parts) => `${parts.join('-')}-1`),
)

function hex(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength, maxLength })
}

function printable(): string[] {
  const codes = Array.from({ length: 256 }, (_, code) => code)
  return codes.filter((code) => code === 9 || (code >= 32 && code !== 127)).map((code) => String.fromCharCode(code))
}

const propagators = { 'the default': undefined, 'all propagators': [w3c(), b3(), b3({ multi: true }), requestId()] }
const cases = Object.keys(frameworks).flatMap((name) =>
  Object.entries(propagators).map(([what, list]) => [name, what, list] as const),
)
const names = ['X-Request-Id', 'x-request-ID', 'X-Other', 'traceparent', 'tracestate', 'B3', 'X-B3-TraceId']

test.each(cases)('%s, %s: no header is an error, none gives a malformed id, none is echoed', async (name, _, list) => {
  app = await startApp(name, undefined, { honorReqHeader: true, ...(list === undefined ? {} : { propagators: list }) })
  socket = await open(app.port)
  const headers = fc.array(fc.tuple(fc.constantFrom(...names), anyValue), {
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(headers, async (lines) => {
      const text = requestText(
        '/echo',
        lines.map(([key, value]) => `${key}: ${value}`),
      )
      const reply = await ask(socket, text)
      expect(reply.status).toBe(200)
      const traceId = reply.headers['x-request-id'] ?? ''
      expect(isId(parseId(traceId))).toBe(true)
      expect(traceId).toBe(String(BigInt(traceId)))
      const seen = JSON.parse(reply.body.slice(reply.body.indexOf('{'), reply.body.lastIndexOf('}') + 1)) as Seen
      expect(parseIdHeader(seen.header)?.traceId).toBe(BigInt(traceId))
      expect(seen.raw).toEqual([seen.header])
      for (const [, value] of lines) {
        if (value.trim().length > 40) expect(reply.text).not.toContain(value.trim())
      }
    }),
    { numRuns: 1_250 },
  )
  await app.spans()
  // A header may well say that its trace is not recorded.
  const { unsampled } = app.tracer.stats()
  expect(app.tracer.stats()).toMatchObject({ open: 0, started: app.recorder.spans.length + unsampled, badInput: 0 })
})
