import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, jest, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder } from '@trace/core'
import type { HttpRoutes } from '@trace/testing'
import { inject } from '../../src/index.js'
import { traceNode } from '../../src/node.js'
import { open, requestText } from '../support/raw-client.js'
import { stands } from '../support/stands.js'

const no = (): never => {
  throw new Error('this path is not requested')
}

const http1 = Object.entries(stands).filter(([, stand]) => !('http2' in stand))

test.each(http1)('%s, started in a trace: a request that is ignored is in none', async (_, stand) => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const found: (string | undefined)[] = []
  const handle: HttpRoutes['handle'] = (_req, res) => {
    found.push(currentSpan()?.name)
    res.end()
  }
  const options = { ignore: ({ url }: { url?: string | undefined }) => url === '/any/health' }
  const routes: HttpRoutes = { own: no, fail: no, upgrade: no, handle }
  const server = await tracer.trace('task', 'start-up', () => stand.open({ tracer, options, routes }))
  const socket = await open(server.port)
  for (const path of ['/any/health', '/any/42']) {
    socket.write(requestText(path))
    await new Promise((resolve) => socket.once('data', resolve))
  }
  socket.destroy()
  await server.close()
  await tracer.close()
  expect(found).toEqual([undefined, expect.stringContaining('GET')])
  expect(recorder.spans.filter(({ kind }) => kind === 'request')).toHaveLength(1)
})

test("what is wrong is said by the tracer's logger, and not by the process", async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const warn = jest.fn<(message: string) => void>()
  const tracer = createTracer({ recorder: memoryRecorder(), logger: { warn } })
  const handler = traceNode(
    (_req, res) => {
      inject(Object.freeze({}))
      res.end('#')
    },
    { tracer },
  )
  const server = createServer(traceNode(handler, { tracer })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (let i = 0; i < 3; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text()
  server.close()
  expect(warn.mock.calls).toEqual([
    ['trace: traceNode: traceNode is registered twice; requests keep one span each. Remove the later traceNode'],
    [expect.stringMatching(/^trace: inject: Cannot add property X-Request-Id/)],
  ])
  expect(emitWarning).not.toHaveBeenCalled()
  emitWarning.mockRestore()
})
