import { expect, test } from '@jest/globals'
import { type ActiveSpan, createTracer, currentSpan, memoryRecorder, type Tracer } from '@trace/core'
import type { HttpRoutes, SuiteRequest } from '@trace/testing'
import { open, requestText } from '../support/raw-client.js'
import { stands } from '../support/stands.js'

const no = (): never => {
  throw new Error('this path is not requested')
}

/** A tracer that counts how often its spans are run. */
function countingTracer(): { readonly tracer: Tracer; readonly runs: () => number } {
  let runs = 0
  const tracer = createTracer({ recorder: memoryRecorder() })
  const { start } = tracer
  tracer.start = (...args) => {
    const span = start.apply(tracer, args)
    const { run } = span
    const counted = <T>(fn: (span: ActiveSpan) => T): T => {
      runs++
      return run.call(span, fn) as T
    }
    return Object.assign(span, { run: counted })
  }
  return { tracer, runs: () => runs }
}

const http1 = Object.entries(stands).filter(([, stand]) => !('http2' in stand))

test.each(http1)(
  '%s: a request to which nothing listens is run once, and listeners run in its span',
  async (_, stand) => {
    const { tracer, runs } = countingTracer()
    const found: (ActiveSpan | undefined)[] = []
    const handle: HttpRoutes['handle'] = (req: SuiteRequest, res) => {
      if (req.url === '/any/listens') {
        found.push(currentSpan())
        req.on('end', () => found.push(currentSpan()))
      }
      res.end('#')
    }
    const server = await stand.open({ tracer, options: {}, routes: { own: no, fail: no, upgrade: no, handle } })
    const socket = await open(server.port)
    const ask = async (path: string): Promise<void> => {
      const answered = new Promise((resolve) => socket.once('data', resolve))
      socket.write(requestText(path))
      await answered
    }
    try {
      for (const path of ['/any/1', '/any/2', '/any/3']) await ask(path)
      expect(runs()).toBe(3)
      await ask('/any/listens')
      await ask('/any/4')
      expect(found).toEqual([expect.objectContaining({ kind: 'request' }), found[0]])
    } finally {
      socket.destroy()
      await server.close()
      await tracer.close()
    }
  },
)
