import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

test.each([
  ['rejects', 'async () => { throw new RangeError("boom") }'],
  ['throws', '() => { throw new RangeError("boom") }'],
])('a plain handler that %s still ends the process, and its own error says so', (_, handler) => {
  const program = `
    import { createServer } from 'node:http'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceNode } from '@trace/http/node'
    const tracer = createTracer({ recorder: memoryRecorder() })
    const server = createServer(traceNode(${handler}, { tracer }))
    server.listen(0, () => fetch('http://localhost:' + server.address().port).catch(() => {}))
  `
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 10_000 })
  expect(run.status).toBe(1)
  expect(run.stderr).toContain('RangeError: boom')
})
