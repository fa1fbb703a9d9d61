import { describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import fastify from 'fastify'
import { traceExpress } from '../../src/express.js'
import { traceFastify } from '../../src/fastify.js'
import { traceNode, traceUpgrade } from '../../src/node.js'

const tracer = createTracer({ recorder: memoryRecorder() })

const bad: [string, Record<string, unknown>, string][] = [
  ['no tracer', {}, 'option "tracer"'],
  ['a tracer that is none', { tracer: {} }, 'option "tracer"'],
  ['an unknown option', { tracer, headerkey: 'X-Id' }, 'unknown option "headerkey"'],
  ['a kind that is no string', { tracer, kind: 1 }, 'option "kind"'],
  ['a header with a space', { tracer, headerKey: 'X Id' }, 'option "headerKey"'],
  ['an empty header', { tracer, headerKey: '' }, 'option "headerKey"'],
  ['a header that HTTP needs', { tracer, headerKey: 'Content-Length' }, 'option "headerKey"'],
  ['honorReqHeader as text', { tracer, honorReqHeader: 'yes' }, 'option "honorReqHeader"'],
  ['addRespHeader as a number', { tracer, addRespHeader: 1 }, 'option "addRespHeader"'],
  ['propagators that are no list', { tracer, propagators: {} }, 'option "propagators"'],
  ['a propagator that is none', { tracer, propagators: [{}] }, 'option "propagators"'],
  ['a name that is no function', { tracer, name: 'GET' }, 'option "name"'],
  ['ignore as a list', { tracer, ignore: ['/health'] }, 'option "ignore"'],
  ['query as text', { tracer, query: 'token' }, 'option "query"'],
  ['a mask that is no list', { tracer, query: { mask: 'token' } }, 'option "query"'],
  ['a mask of numbers', { tracer, query: { mask: [1] } }, 'option "query"'],
  ['query with an unknown key', { tracer, query: { masked: [] } }, 'option "query"'],
  ['requestHeaders as text', { tracer, requestHeaders: 'accept' }, 'option "requestHeaders"'],
  ['a request header that is none', { tracer, requestHeaders: ['a b'] }, 'option "requestHeaders"'],
  ['a response header that is none', { tracer, responseHeaders: [1] }, 'option "responseHeaders"'],
]

describe.each(bad)('%s', (_, options, message) => {
  const wrong = options as { tracer: typeof tracer }

  test('is refused', async () => {
    const expected = expect.objectContaining({ code: 'TRACE_BAD_OPTION', message: expect.stringContaining(message) })
    expect(() => traceNode(() => {}, wrong)).toThrow(expected)
    expect(() => traceExpress(wrong)).toThrow(expected)
    await expect(fastify().register(traceFastify, wrong).ready()).rejects.toEqual(expected)
  })
})

test('Fastify keeps its own options of a plugin', async () => {
  const app = fastify()
  app.register(traceFastify, { tracer, prefix: '/x', logLevel: 'warn' })
  await app.ready()
  await app.close()
})

test.each<[string, (handler: never, options: { tracer: typeof tracer }) => unknown]>([
  ['traceNode', traceNode],
  ['traceUpgrade', traceUpgrade],
])('%s says at once that there is no handler', (name, trace) => {
  for (const handler of [undefined, { tracer }]) {
    const call = (): unknown => Reflect.apply(trace, undefined, [handler, { tracer }])
    expect(call).toThrow(`${name}: option "handler": expected a function as the first argument, got `)
  }
})
