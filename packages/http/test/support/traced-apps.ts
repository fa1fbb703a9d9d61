import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect } from '@jest/globals'
import { createTracer, type MemoryRecorder, memoryRecorder, type Span, type Tracer } from '@trace/core'

/** The warnings of a test's tracers. */
export const warnings: string[] = []
/** What is called after every test. */
export const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  warnings.length = 0
})

interface Traced {
  readonly tracer: Tracer
  readonly recorder: MemoryRecorder
  /** Waits until no span is open. Resolves to all spans. */
  spans(): Promise<readonly Span[]>
}

export function traced(): Traced {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder, logger: { warn: (message) => void warnings.push(message) } })
  const spans = async (): Promise<readonly Span[]> => {
    await tracer.idle()
    expect(tracer.stats().open).toBe(0)
    return recorder.spans
  }
  return { tracer, recorder, spans }
}

/** Serves until the end of the test. @returns the port */
export async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Why a request's span ended. */
export function reasonOf(span: Span | undefined): unknown {
  return span?.data['http.end_reason'] ?? 'completed'
}
