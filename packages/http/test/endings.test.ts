import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import { traceNode } from '../src/node.js'
import { open, requestText, send, untilClosed } from './raw-client.js'

describe('a plain handler', () => {
  const error = new TypeError('thrown')

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw error
      },
    ],
    ['rejects', async () => Promise.reject(error)],
  ])('that %s fails with the very same error, and its span ends with the connection', async (_, fail) => {
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    const listener = traceNode(fail, { tracer })
    const caught: unknown[] = []
    const server = createServer(async (req, res) => {
      try {
        await listener(req, res)
      } catch (thrown) {
        caught.push(thrown)
        res.destroy()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const socket = await open((server.address() as AddressInfo).port)
    socket.write(requestText('/any'))
    await untilClosed(socket)
    await new Promise((resolve) => server.close(resolve))
    await tracer.close()
    expect(caught).toEqual([error])
    expect(caught[0]).toBe(error)
    expect(tracer.stats().open).toBe(0)
    expect(recorder.spans[0]?.data).toMatchObject({
      'error.type': 'TypeError',
      'error.message': 'thrown',
      'http.end_reason': 'error',
    })
  })

  test('keeps its result, and a thenable is not started', () => {
    const lazy = {
      then: () => {
        throw new Error('started')
      },
    }
    const listener = traceNode(() => lazy, { tracer: createTracer({ recorder: memoryRecorder() }) })
    const server = createServer((req, res) => {
      expect(listener(req, res)).toBe(lazy)
      res.end('#')
    })
    return new Promise<void>((resolve) =>
      server.listen(0, async () => {
        expect((await send((server.address() as AddressInfo).port, '/')).status).toBe(200)
        server.close(() => resolve())
      }),
    )
  })
})
