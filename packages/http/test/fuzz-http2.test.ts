import { connect, createServer } from 'node:http2'
import { afterAll, expect, test } from '@jest/globals'
import { createTracer, currentSpan, isId, memoryRecorder, parseId } from '@trace/core'
import fc from 'fast-check'
import { b3 } from '../src/b3.js'
import { type Http2RequestHandler, traceNode } from '../src/node.js'
import { requestId } from '../src/request-id.js'

import { w3c } from '../src/w3c.js'

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })
const answer: Http2RequestHandler = (req, res) =>
  void res.end(JSON.stringify([String(req.headers['x-request-id']), String(currentSpan()?.traceId)]))
const propagators = [w3c(), b3(), b3({ multi: true }), requestId()]
const server = createServer(traceNode(answer, { tracer, propagators, honorReqHeader: true }))

afterAll(() => tracer.close())

/** What HTTP/2 may carry, which is less than what HTTP/1.1 does: no spaces around a value. */
const anyValue = fc.oneof(
  fc.string({ maxLength: 200 }).map((text) => text.replace(/[^ -~]/g, '').trim()),
  fc.string({ unit: fc.constantFrom(...'0123456789::-+x,"'), maxLength: 50 }),
  fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 66n }), fc.bigInt({ min: 0n, max: 2n ** 66n })).map((ids) => ids.join(':')),
)
const names = ['x-request-id', 'x-other', 'traceparent', 'tracestate', 'b3', 'x-b3-traceid', 'x-b3-spanid']
const anyHeaders = fc.dictionary(fc.constantFrom(...names), fc.array(anyValue, { minLength: 1, maxLength: 2 }))

test('HTTP/2: no header is an error, none gives a malformed id, and ids agree', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const session = connect(`http://127.0.0.1:${address.port}`)
  const send = (headers: Record<string, string[]>): Promise<{ status: unknown; id: string; body: string }> =>
    new Promise((resolve, reject) => {
      // An object with a prototype, which Node asks for.
      const stream = session.request({ ...headers, ':path': '/any' }).on('error', reject)
      let reply = { status: undefined as unknown, id: '', body: '' }
      stream.on('response', (got) => {
        reply = { ...reply, status: got[':status'], id: String(got['x-request-id']) }
      })
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        reply.body += chunk
      })
      stream.on('end', () => resolve(reply))
    })
  await fc.assert(
    fc.asyncProperty(anyHeaders, async (headers) => {
      const { status, id, body } = await send(headers)
      expect(status).toBe(200)
      expect(isId(parseId(id))).toBe(true)
      const [header, traceId] = JSON.parse(body) as [string, string]
      expect(traceId).toBe(id)
      expect(header).toMatch(new RegExp(`^${id}:[1-9]\\d*$`))
    }),
    { numRuns: 1_000 },
  )
  session.close()
  await new Promise((resolve) => server.close(resolve))
  expect(tracer.stats()).toMatchObject({ open: 0, badInput: 0 })
})
