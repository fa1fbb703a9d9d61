import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { parseYaml } from '../src/index.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const recorder = new URL('../dist/index.js', import.meta.url).href

interface End {
  readonly code: number | null
  /** How many spans had finished, as the program says in its last moment. */
  readonly finished: number
  readonly stderr: string
  readonly recorded: number
  /** How many spans are recorded, according to the last ledger in the file. */
  readonly ledger: unknown
  readonly skipped: number
}

/** Runs a server whose every request is a trace of two spans, sends it 300 requests, and then lets it end. */
function run(ending: string): Promise<End> {
  const path = join(mkdtempSync(join(tmpdir(), 'trace-exit-')), 'traces.yaml')
  const program = `
    import { writeSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { createTracer, span } from '@trace/core'
    import { yamlRecorder } from ${JSON.stringify(recorder)}
    const tracer = createTracer({ service: 'test', recorder: yamlRecorder({ path: ${JSON.stringify(path)} }) })
    const finished = () => tracer.stats().started - tracer.stats().open
    process.on('exit', () => writeSync(1, 'finished ' + finished() + '\\n'))
    const server = createServer((req, res) => {
      tracer.trace('request', req.url, async (s) => {
        await span('work', 'below', () => new Promise((resolve) => setTimeout(resolve, 1)))
        s.data.text = 'x'.repeat(200)
        res.end('ok')
        if (req.url === '/end') { ${ending} }
      })
    }).listen(0, async () => {
      const url = 'http://127.0.0.1:' + server.address().port
      const send = (path) => fetch(url + path).then((answer) => answer.text(), () => {})
      for (let turn = 0; turn < 30; turn++) await Promise.all(Array.from({ length: 10 }, (_, i) => send('/' + i)))
      await send('/end')
    })`
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: here })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.stderr.on('data', (text) => {
      stderr += text
    })
    child.once('close', async (code) => {
      const { spans, skipped } = await parseYaml(readFileSync(path))
      const ledgers = spans.filter(({ kind }) => kind === 'ledger')
      const done = spans.filter(({ kind, finish }) => kind !== 'ledger' && finish !== undefined)
      const recorded = new Set(done.map(({ spanId }) => spanId)).size
      const finished = Number(/finished (\d+)/.exec(stdout)?.[1])
      resolve({ code, finished, stderr, recorded, ledger: ledgers.at(-1)?.data['recorded'], skipped })
    })
  })
}

test.each<[string, string, number | null]>([
  ['comes to its end', 'server.close(); server.closeAllConnections()', 0],
  ['calls process.exit() in a handler', 'process.exit(7)', 7],
  ['calls process.exit() while spans are being written', 'setTimeout(() => process.exit(7), 51)', 7],
  ['ends by an uncaught error', `setImmediate(() => { throw new Error('boom') })`, 1],
  ['ends by an unhandled rejection', `throw new Error('boom')`, 1],
  [
    'gets SIGTERM, and closes its tracer',
    `process.once('SIGTERM', async () => { await tracer.close(); process.exit(0) }); process.kill(process.pid, 'SIGTERM')`,
    0,
  ],
])('no finished span is missing from the file when the process %s', async (_how, ending, code) => {
  const end = await run(ending)
  expect(end).toMatchObject({ code, skipped: 0 })
  expect(end.finished).toBeGreaterThanOrEqual(601)
  expect(end.recorded).toBe(end.finished)
  expect(end.ledger).toBe(end.finished)
  if (code === 1) expect(end.stderr).toContain('Error: boom')
  else expect(end.stderr).toBe('')
})
