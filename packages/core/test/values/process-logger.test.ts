import { spawn } from 'node:child_process'
import { expect, test } from '@jest/globals'

const core = new URL('../../dist/index.js', import.meta.url).href

/** What a program of its own says on standard error, a pipe that nobody reads for a while. */
function said(body: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = `
    import { createTracer } from ${JSON.stringify(core)}
    const tracer = createTracer({ service: 'test', recorder: { name: 'none', record() { throw new Error('no disk') } } })
    ${body}`
  return new Promise((resolve) => {
    const script = '"$0" --input-type=module -e "$1" 2>&1 | { sleep 0.3; cat; }'
    const child = spawn('sh', ['-c', script, process.execPath, program], { env: { ...process.env, ...env } })
    let out = ''
    child.stdout.on('data', (part) => {
      out += part
    })
    child.once('close', () => resolve(out))
  })
}

test('what is lost at exit is said on a pipe that is full', async () => {
  const out = await said(`
    tracer.trace('work', 'a', () => {})
    console.error('x'.repeat(300_000))
    process.exit()`)
  expect(out).toMatch(/x\(node:\d+\) TraceWarning: trace: 1 span was lost: none cannot store at exit/)
})

test('what is wrong when the process exits is said, before Node would say it', async () => {
  const out = await said(`
    tracer.trace('work', 'a', () => {}, { traceId: 0n })
    process.exit()`)
  expect(out.match(/TraceWarning/g)).toHaveLength(2)
  expect(out).toContain('traceId: expected a bigint')
})

test('what Node has said is not said again', async () => {
  const out = await said(`
    tracer.trace('work', 'a', () => {}, { traceId: 0n })
    setTimeout(() => process.exit(), 10)`)
  expect(out.match(/traceId: expected a bigint/g)).toHaveLength(1)
})

test('nothing is said where warnings are switched off', async () => {
  const body = `
    tracer.trace('work', 'a', () => {}, { traceId: 0n })
    process.exit()`
  expect(await said(body, { NODE_NO_WARNINGS: '1' })).toBe('')
})
