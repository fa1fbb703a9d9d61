import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from '@jest/globals'

/** Starts a program that serves one request by each handler, one after the other, and prints the outcomes. */
function serve(...handlers: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const program = `
    import { createServer } from 'node:http'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceNode } from '@trace/http/node'
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    ${handlers.map((handler) => `await serve(${handler})`).join('\n')}
    function serve(handler) { return new Promise((done) => {
    let made
    const traced = traceNode(Object.prototype.toString.call(handler) === '[object AsyncFunction]'
      ? handler : (req, res) => made = handler(req, res), { tracer })
    const server = createServer((req, res) => {
      const returned = traced(req, res)
      if (made !== undefined) console.log(returned === made ? 'the same' : 'another')
    })
    server.listen(0, async () => {
      const answer = await fetch('http://localhost:' + server.address().port).catch(() => {})
      console.log(answer?.status)
      server.close()
      server.closeAllConnections()
      await tracer.flush()
      console.log(recorder.spans.map(({ data }) => data['error.type'] ?? 'no error').join())
      recorder.clear()
      done()
    })
    }) }
  `
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 })
}

test.each([
  ['is async and rejects', 'async () => { throw new RangeError("boom") }', ''],
  ['throws', '() => { throw new RangeError("boom") }', ''],
  ['gives a promise that rejects', '() => Promise.reject(new RangeError("boom"))', 'the same\n'],
])('a plain handler that %s still ends the process, and its own error says so', (_, handler, stdout) => {
  const run = serve(handler)
  expect(run).toMatchObject({ status: 1, stdout })
  expect(run.stderr).toContain('RangeError: boom')
})

describe('a plain handler gives back what it returned:', () => {
  const HANDLERS = [
    [
      'a promise that it has handled itself',
      '(req, res) => { const work = Promise.reject(new Error("boom")); work.catch(() => res.end()); return work }',
    ],
    ['a promise with methods of its own', '(req, res) => Object.assign(Promise.resolve(res.end()), { json() {} })'],
    ['a lazy thenable', '(req, res) => { res.end(); return { then() { process.exit(7) } } }'],
  ] as const
  let run: ReturnType<typeof serve> | undefined
  // One process serves them all.
  beforeAll(() => {
    run = serve(...HANDLERS.map(([, handler]) => handler))
  })
  test.each(HANDLERS.map(([what], at) => [what, at] as const))('%s', (_what, at) => {
    expect(run).toMatchObject({ status: 0, stderr: '' })
    expect(run?.stdout.split('\n').slice(3 * at, 3 * at + 3)).toEqual(['the same', '200', 'no error'])
  })
})

test('the error of an async handler that somebody else handles is recorded', () => {
  const handler = 'async (req, res) => { setImmediate(() => res.end()); throw new RangeError("boom") }'
  const { status, stdout } = serve(`(process.on('unhandledRejection', () => {}), ${handler})`)
  expect([status, stdout]).toEqual([0, '200\nRangeError\n'])
})
