import { expect, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder } from '@trace/core'
import type { HttpRoutes } from '@trace/testing'
import { open, requestText } from '../support/raw-client.js'
import { stands } from '../support/stands.js'

const no = (): never => {
  throw new Error('nobody asks for it')
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
