import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, jest, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import { inject } from '../../src/index.js'
import { traceNode } from '../../src/node.js'

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
