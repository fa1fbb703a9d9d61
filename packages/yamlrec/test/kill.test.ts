import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseYaml } from '../src/index.js'

test('of a process that was killed, the file has the spans that were open, and its last ledger says what came before it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trace-kill-'))
  try {
    const path = join(folder, 'traces.yaml')
    const program = `
      import { setTimeout as sleep } from 'node:timers/promises'
      import { createTracer } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
      import { yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      const recorder = yamlRecorder({ path: ${JSON.stringify(path)} })
      const tracer = createTracer({ service: 'killed', recorder, buffer: 50, openAfter: 20, logger: { warn() {} } })
      const request = tracer.start('request', 'GET /slow')
      request.data.step = 'query'
      request.run(() => tracer.start('db', 'select'))
      tracer.start('request', 'finished', { root: true }).finish()
      for (;;) {
        for (let i = 0; i < 100; i++) tracer.trace('work', 'w', () => {})
        await sleep(20)
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const closed = once(child, 'close')
    const text = (): string => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return ''
      }
    }
    // The first ledger comes a second after the first loss.
    while (child.exitCode === null && !/^kind: ledger/m.test(text())) await new Promise((done) => setTimeout(done, 50))
    child.kill('SIGKILL')
    await closed
    const { spans } = await parseYaml(readFileSync(path))
    const open = spans.filter(({ finish }) => finish === undefined)
    expect(open.map(({ kind, name, data }) => [kind, name, data])).toEqual([
      ['request', 'GET /slow', { step: 'query' }],
      ['db', 'select', {}],
    ])
    expect(open[1]?.parentId).toBe(open[0]?.spanId)

    const ledgers = spans.filter(({ kind }) => kind === 'ledger')
    const sum = (key: string): number => ledgers.reduce((total, { data }) => total + Number(data[key] ?? 0), 0)
    const last = ledgers.at(-1)
    if (last === undefined) throw new Error('no ledger in the file')
    // It stands where it was written: before it is all that it says, and nothing else.
    const before = spans
      .slice(0, spans.indexOf(last))
      .filter(({ kind, finish }) => kind !== 'ledger' && finish !== undefined)
    expect(sum('recorded')).toBe(before.length)
    expect(last.data['open']).toBe(2)
    expect(sum('dropped.queue_full')).toBeGreaterThan(0)
    const queued = sum('started') - sum('recorded') - sum('dropped.queue_full') - 2
    expect(queued).toBeGreaterThanOrEqual(0)
    expect(queued).toBeLessThanOrEqual(50)
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
