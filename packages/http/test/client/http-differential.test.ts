import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import { traceClients } from '../../src/client.js'
import { type Form, RawServer, type Seen } from '../support/differential-stand.js'
import { ARGUMENTS } from '../support/forms-of-arguments.js'
import { AGENTS, ENDS } from '../support/forms-of-connections.js'
import { FETCHES } from '../support/forms-of-fetch.js'
import { BODIES, HEADERS, OWN_IDS } from '../support/forms-of-messages.js'

const recorder = memoryRecorder()
const tracer = createTracer({ service: 'test', recorder })
const server = new RawServer()
const folder = mkdtempSync(join(tmpdir(), 'trace-'))

beforeAll(() => server.listen(join(folder, 'socket')))
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

async function seeTraced(form: Form): Promise<Seen> {
  const off = traceClients(tracer)
  try {
    return await tracer.trace('work', 'above', () => server.see(form))
  } finally {
    off()
  }
}

const FORMS = Object.entries({ ARGUMENTS, HEADERS, OWN_IDS, BODIES, AGENTS, ENDS, FETCHES }).flatMap(([group, forms]) =>
  Object.entries(forms).map(([name, form]) => [`${group.toLowerCase()}: ${name}`, form] as const),
)

test.each(FORMS)(
  'what a program sees of a request, and what arrives of it, does not depend on tracing: %s',
  async (_name, form) => {
    const bare = await server.see(form)
    recorder.clear()
    const traced = await seeTraced(form)
    await tracer.flush()
    const ids = new Set(recorder.spans.map(({ traceId, spanId }) => `${traceId}:${spanId}`))
    const added: string[] = []
    const bytes = traced.bytes.map((text) =>
      text.replace(/^X-Request-Id: (\d+:\d+)\r\n/gm, (line, id: string) => {
        if (!ids.has(id)) return line
        added.push(id)
        return ''
      }),
    )
    expect({ ...traced, bytes: bytes.toSorted() }).toEqual(bare)
    expect(tracer.stats().open).toBe(0)
    // Each request that reached the server had its span's ids, unless it opens a tunnel or has ids of the program's own.
    const arrived = bare.bytes.join('')
    const heads = /^x-request-id: /im.test(arrived)
      ? []
      : (arrived.match(/^(?!CONNECT )\w+ \S+ HTTP\/1\.1\r\n/gm) ?? [])
    expect(added).toHaveLength(heads.length)
  },
)
