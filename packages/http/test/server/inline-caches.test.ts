import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const dist = new URL('../../dist/', import.meta.url).href
const core = new URL(import.meta.resolve('@trace/core')).href

/**
 * The properties that V8 has given up to find by the place in the code that reads or writes them, and searches for anew each time: of those
 * that a server's requests are given, and of the program's own.
 *
 * @param more options of `traceNode`
 */
function givenUp(more: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'trace-caches-'))
  const log = join(folder, 'log')
  const program = `
    import { IncomingMessage, ServerResponse } from 'node:http'
    import { Socket } from 'node:net'
    import { createTracer, memoryRecorder } from ${JSON.stringify(core)}
    import { requestId } from '${dist}index.js'
    import { traceNode } from '${dist}node.js'
    // Names that V8 has already: a text that equals one is another, until the next collection.
    const known = { 'x-own-name': 1, 'x-request-id': 1, 'http.request.header.host': 1 }
    const write = (own, key) => (own[key] = 1)
    const tracer = createTracer({ recorder: memoryRecorder() })
    const handle = traceNode((req, res) => res.end(req.headers['x-request-id']), { tracer, requestHeaders: ['Host'], ${more} })
    for (let count = 0; count < 30; count++) {
      write({ known }, 'X-Own-Name'.toLowerCase())
      const req = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/', headers: { host: 'a' } })
      handle(req, new ServerResponse(req))
    }
    await tracer.close()
    console.log(tracer.stats().started)`
  try {
    const flags = ['--log-ic', `--logfile=${log}`, '--no-logfile-per-isolate']
    const args = [...flags, '--input-type=module', '-e', program]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect([stdout, stderr]).toEqual(['30\n', ''])
    // Such as `KeyedStoreIC,0x3e9c,56789,43,22,1,N,0x1a8c,x-request-id,,`: the place, the state before and after, the shape, and the name.
    const lines = readFileSync(log, 'utf8').split('\n')
    const entries = lines.map((line) => line.split(',')).filter(([type]) => type?.endsWith('IC'))
    return [...new Set(entries.filter(([, , , , , , state]) => state === 'N').map((entry) => entry[8] ?? ''))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each(['', 'propagators: [requestId()]'])(
  'headers that a server of { %s } writes and records have names by which V8 finds their places',
  (more) => {
    const names = givenUp(more)
    expect(names).toContain('x-own-name')
    for (const name of ['x-request-id', 'http.request.header.host']) expect(names).not.toContain(name)
  },
)
