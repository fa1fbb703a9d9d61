import { cpSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { newFile, run, start } from './support/run.js'

describe('one clear line says what is wrong', () => {
  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, stderr } = await run(['--once', '--file', newFile(), '--port', `${port}`]).ended
    server.close()
    expect(code).toBe(1)
    expect(stderr).toBe(
      `gateway cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}. Choose another port with --port.\n`,
    )
  })

  test('a file that cannot be written', async () => {
    const { code, stderr } = await run(['--once', '--file', '/no/such/folder/traces.yaml']).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Cannot write spans to \/no\/such\/folder\/traces.yaml: ENOENT.*Choose another file with --file\.\n$/,
    )
  })

  test('a build that is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-unbuilt-'))
    cpSync(start, join(folder, 'start.mjs'))
    const { code, stderr } = await run([], join(folder, 'start.mjs')).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^The example is not built\. Run `npm install && npm start` .*\n$/)
  })

  test('a TRACE_RECORDER that is none', async () => {
    const { code, stderr } = await run(['--once'], start, { TRACE_RECORDER: 'yml:x' }).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^openReader: unknown scheme yml: install its package trace-recorder-yml \(.*\), or use one of yaml:, jsonl:, dynamodb:.*\n$/,
    )
  })

  test('a TRACE_RECORDER that only one process can read', async () => {
    const { code, stdout, stderr } = await run(['--once'], start, { TRACE_RECORDER: 'memory:' }).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      'TRACE_RECORDER is memory:, which each service keeps in its own memory, so that nothing could be shown here. ' +
        'Choose a file, such as yaml:traces.yaml.\n',
    )
  })

  test('an unknown option, and a port that is none', async () => {
    const unknown = await run(['--twice']).ended
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toMatch(/Unknown option '--twice'[\s\S]*usage: npm start/)
    const both = await run(['--file', 'x', '--dynamodb']).ended
    expect(both.stderr).toMatch(/^--file and --dynamodb: choose one of them\n/)
    const port = await run(['--port', '99999']).ended
    expect(port.stderr).toMatch(/^--port: expected a port from 0 to 65535, got 99999\n/)
  })
})
