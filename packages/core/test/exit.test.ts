import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'

const core = new URL('../dist/index.js', import.meta.url).href

/** Runs a program of its own, whose recorder prints the name of each span it stores. */
function run(body: string, recorder = 'sync'): { status: number | null; stdout: string; stderr: string } {
  const program = `
    import { writeSync } from 'node:fs'
    import { createTracer, go, span } from ${JSON.stringify(core)}
    const print = (spans) => { for (const { name } of spans) writeSync(1, name + '\\n') }
    const later = (spans) => new Promise((resolve) => setTimeout(() => { print(spans); resolve() }, 30))
    const recorders = {
      sync: { name: 'sync', record: print, recordSync: print },
      stuck: { name: 'stuck', record: () => new Promise(() => {}), recordSync: print },
      async: { name: 'async', record: later },
    }
    const tracer = createTracer({ service: 'test', recorder: recorders[${JSON.stringify(recorder)}] })
    ${body}`
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
}

describe('no finished span is lost when the process', () => {
  test('comes to its end', () => {
    expect(run(`tracer.trace('work', 'a', () => {})`)).toMatchObject({ status: 0, stdout: 'a\n', stderr: '' })
  })

  test('comes to its end with a recorder that takes time', () => {
    const { status, stdout } = run(`tracer.trace('work', 'a', () => {})`, 'async')
    expect([status, stdout]).toEqual([0, 'a\n'])
  })

  test('calls process.exit, with a batch in flight and spans queued', () => {
    const body = `
      tracer.trace('work', 'a', () => {})
      setTimeout(() => tracer.trace('work', 'outer', () => { tracer.trace('work', 'b', () => {}); process.exit(7) }), 100)`
    expect(run(body)).toMatchObject({ status: 7, stdout: 'a\nb\n' })
    expect(run(body, 'stuck')).toMatchObject({ status: 7, stdout: 'a\nb\n' })
  })

  test('ends by an uncaught error or an unhandled rejection', () => {
    const thrown = run(`tracer.trace('work', 'a', () => { throw new Error('boom') })`)
    expect(thrown).toMatchObject({ status: 1, stdout: 'a\n' })
    expect(thrown.stderr).toContain('Error: boom')
    const rejected = run(`void tracer.trace('work', 'a', async () => { await null; throw new Error('boom') })
      await new Promise((resolve) => setTimeout(resolve, 1000))`)
    expect(rejected).toMatchObject({ status: 1, stdout: 'a\n' })
    expect(rejected.stderr).toContain('Error: boom')
  })

  test('gets SIGTERM and closes its tracer', () => {
    const { status, stdout } = run(
      `process.on('SIGTERM', async () => { await tracer.close(); process.exit(0) })
       tracer.trace('work', 'a', () => {})
       process.kill(process.pid, 'SIGTERM')
       setInterval(() => {}, 1000)`,
      'async',
    )
    expect([status, stdout]).toEqual([0, 'a\n'])
  })
})

test('a recorder that cannot store at exit is said to have lost what it held', () => {
  const { status, stdout, stderr } = run(`tracer.trace('work', 'a', () => {}); process.exit(0)`, 'async')
  expect([status, stdout]).toEqual([0, ''])
  expect(stderr).toMatch(
    /TraceWarning: trace: 1 span was lost: async cannot store at exit; call `await tracer.close\(\)`/,
  )
})

test('a tracer does not keep the process alive', () => {
  const begun = performance.now()
  run(`tracer.trace('work', 'a', () => {})`, 'stuck')
  expect(performance.now() - begun).toBeLessThan(20_000)
})
