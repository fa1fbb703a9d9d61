import type { Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { isId, parseId } from '@trace/core'
import fc from 'fast-check'
import { parseIdHeader } from '../src/header.js'
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
)

function printable(): string[] {
  const codes = Array.from({ length: 256 }, (_, code) => code)
  return codes.filter((code) => code === 9 || (code >= 32 && code !== 127)).map((code) => String.fromCharCode(code))
}

test.each(Object.keys(frameworks))(
  '%s: no header is an error, none gives a malformed id, none is echoed',
  async (name) => {
    app = await startApp(name, undefined, { honorReqHeader: true })
    socket = await open(app.port)
    const headers = fc.array(fc.tuple(fc.constantFrom('X-Request-Id', 'x-request-ID', 'X-Other'), anyValue), {
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
      { numRuns: 1_000 },
    )
    await app.spans()
    expect(app.tracer.stats()).toMatchObject({ open: 0, started: app.recorder.spans.length, badInput: 0 })
  },
)
