import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const core = new URL('../../dist/index.js', import.meta.url).href
const commonJs = fileURLToPath(new URL('../../dist/index.cjs', import.meta.url))

/** Runs a program of its own, whose recorder prints the name of each finished span it stores. */
function run(
  body: string,
  recorder = 'sync',
  flags: readonly string[] = [],
): { status: number | null; stdout: string; stderr: string } {
  const program = `
    import { writeSync } from 'node:fs'
    import { createRequire } from 'node:module'
    import { createTracer, go, span } from ${JSON.stringify(core)}
    const print = (spans) => { for (const { name, finish } of spans) if (finish !== undefined) writeSync(1, name + '\\n') }
    const later = (spans) => new Promise((resolve) => setTimeout(() => { print(spans); resolve() }, 30))
    const soon = (spans) => new Promise((resolve) => setImmediate(() => { print(spans); resolve() }))
    const recorders = {
      sync: { name: 'sync', record: print, recordSync: print },
      stuck: { name: 'stuck', record: () => new Promise(() => {}), recordSync: print },
      async: { name: 'async', record: later },
      file: { name: 'file', record: soon, recordSync: print },
    }
    const tracer = createTracer({ service: 'test', recorder: recorders[${JSON.stringify(recorder)}] })
    const second = createTracer({ service: 'test', recorder: { ...recorders[${JSON.stringify(recorder)}] } })
    const another = createRequire(import.meta.url)(${JSON.stringify(commonJs)})
      .createTracer({ service: 'test', recorder: { ...recorders[${JSON.stringify(recorder)}] } })
    ${body}`
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8' })
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

  test('ends by an error without the event `exit`, as on Deno', () => {
    const flags = ['--import', 'data:text/javascript,Object.defineProperty(process.versions,"deno",{value:"2.9.6"})']
    const asOnDeno = `
      tracer.trace('work', 'a', () => {})
      // The last that happens there.
      process.on('uncaughtExceptionMonitor', () => process.reallyExit(1))
      setTimeout(() => { throw new Error('boom') }, 1)`
    expect(run(asOnDeno, 'stuck', flags)).toMatchObject({ status: 1, stdout: 'a\n' })
    const handled = asOnDeno.replace(
      /process\.on.*\n/,
      "process.on('uncaughtException', () => writeSync(1, 'handled\\n'))\n",
    )
    expect(run(handled, 'sync', flags)).toMatchObject({ status: 0, stdout: 'handled\na\n' })
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

describe('spans made as the event loop runs dry', () => {
  /** Counts how often the process was asked whether it is at its end, and gives up if that goes on. */
  const body = (listen: string, listener: string): string => `
    let rounds = 0
    const done = []
    const made = (name) => { done.push(name); tracer.trace('work', name, () => {}) }
    process.on('beforeExit', () => { if (++rounds > 20) process.exit(9) })
    process.on('exit', () => writeSync(2, done.join()))
    ${listen}
    function listener() { ${listener} }`
  const LISTENERS = [
    ['at once', `made('x' + rounds)`],
    ['in a promise', `Promise.resolve().then(() => made('x' + rounds))`],
    [
      'by several tracers, one of them of another copy of the package',
      `for (const each of [tracer, second, another]) { done.push('x' + rounds); each.trace('work', 'x' + rounds, () => {}) }`,
    ],
    ['by an async function', `tracer.trace('work', 'x', async () => { await null; await null }); done.push('x')`],
  ]
  describe.each(LISTENERS)('%s', (_how, listener) => {
    test.each([
      ['by a listener', `process.on('beforeExit', listener)`],
      ['by the first listener', `process.prependListener('beforeExit', listener)`],
      ['by a listener beside others', `process.on('beforeExit', listener); made('a')`],
      [
        'by a listener that comes first from then on',
        `process.once('beforeExit', () => process.prependListener('beforeExit', listener)); made('a')`,
      ],
    ])('%s let the process end, and are all recorded', (_who, listen) => {
      const { status, stdout, stderr } = run(body(listen, listener), 'file')
      expect([status, stdout.trim().split('\n').sort()]).toEqual([0, stderr.split(',').sort()])
    })
  })

  test('are delivered by a recorder that takes time, as far as the event loop did not run dry for them', () => {
    // So that it waits just then: a span that was made before may have been sent by its time, on a busy machine.
    const listen = `process.on('beforeExit', listener); process.prependOnceListener('beforeExit', () => made('a'))`
    const { status, stdout, stderr } = run(body(listen, `made('x' + rounds)`), 'async')
    expect([status, stdout]).toEqual([0, 'a\nx1\n'])
    expect(stderr).toMatch(/^\(node:\d+\) TraceWarning: trace: 1 span was lost: async cannot store at exit.*\na,x1,x2$/)
  })

  test('are delivered, and those of what is begun then', () => {
    const listener = `if (rounds === 1) setTimeout(() => { made('b'); setTimeout(() => made('c'), 100) }, 10)`
    const { status, stdout } = run(body(`process.on('beforeExit', listener); made('a')`, listener), 'async')
    expect([status, stdout]).toEqual([0, 'a\nb\nc\n'])
  })
})

describe('spans that finish while the process exits', () => {
  const late = `tracer.trace('work', 'late', () => {}); open.finish(); tracer.start('work', 'never')`
  test.each([
    ['after others', `tracer.trace('work', 'a', () => {})`, 'a\nlate\nopen\n'],
    ['as the first of all', '', 'late\nopen\n'],
  ])('%s are recorded', (_when, first, expected) => {
    const body = `const open = tracer.start('work', 'open')
      ${first}
      process.on('exit', () => { ${late}; writeSync(2, JSON.stringify(tracer.stats())) })`
    const { status, stdout, stderr } = run(body)
    expect([status, stdout]).toEqual([0, expected])
    expect(JSON.parse(stderr)).toMatchObject({ open: 1, queued: 0, inFlight: 0, dropped: 0, failed: 0 })
  })

  test('are said to be lost, in few lines, where the recorder cannot store at exit', () => {
    const body = `
      process.on('exit', () => {
        for (let i = 0; i < 1_000; i++) tracer.trace('work', 'late', () => {})
        writeSync(1, JSON.stringify(tracer.stats()))
      })`
    const { stdout, stderr } = run(body, 'async')
    expect(JSON.parse(stdout)).toMatchObject({ started: 1_000, failed: 1_000, queued: 0, inFlight: 0 })
    const lines = stderr.trim().split('\n')
    const counts = lines.map((line) => Number(/trace: (\d+) spans? w.* lost: async cannot store/.exec(line)?.[1]))
    expect(counts).toEqual([1, 9, 90, 900])
  })

  test('in the recorder itself are counted, and have no end of their own', () => {
    const body = `
      recorders.sync.recordSync = (spans) => { print(spans); tracer.trace('work', 'inner', () => {}) }
      tracer.trace('work', 'a', () => {})
      process.on('exit', () => writeSync(2, JSON.stringify(tracer.stats())))
      process.exit(0)`
    const { stdout, stderr } = run(body)
    expect(stdout).toBe('a\n')
    expect(stderr).toMatch(/1 span was dropped at exit: sync did not take them in time/)
    expect(stderr).toMatch(/"recorded":1,"dropped":1,/)
  })
})
