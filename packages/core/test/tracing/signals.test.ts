import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { closeOnSignals } from '../../src/tracing/signals.js'

const core = new URL('../../dist/index.js', import.meta.url).href
const commonJs = fileURLToPath(new URL('../../dist/index.cjs', import.meta.url))

/** Runs a program of its own that is kept busy, and prints the name of each span that is stored, after some time. */
function run(body: string): SpawnSyncReturns<string> {
  const program = `
    import { writeSync } from 'node:fs'
    import { createRequire } from 'node:module'
    import { closeOnSignals, createTracer } from ${JSON.stringify(core)}
    const require = createRequire(${JSON.stringify(import.meta.url)})
    const print = (text) => writeSync(1, text + '\\n')
    const store = (spans) => new Promise((resolve) => setTimeout(() => {
      for (const { name } of spans) print(name)
      resolve()
    }, 30))
    const stuck = { name: 'stuck', record: () => new Promise(() => {}) }
    const create = (recorder = { name: 'later', record: store }) => createTracer({ service: 'test', recorder, flushTimeout: 60_000 })
    const tracer = create()
    const work = (name, by = tracer) => by.trace('work', name, () => {})
    const send = (signal) => process.kill(process.pid, signal)
    const busy = setInterval(() => {}, 1_000)
    ${body}`
  const args = ['--input-type=module', '-e', program]
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' })
}

describe('closeOnSignals', () => {
  test.each(['SIGTERM', 'SIGINT'])('stores what has finished at %s, and the process ends by it', (signal) => {
    const ended = run(`closeOnSignals(tracer); work('a'); send('${signal}')`)
    expect(ended).toMatchObject({ status: null, signal, stdout: 'a\n', stderr: '' })
  })

  test('keeps the process until then though nothing else does', () => {
    const ended = run(`
      const unheld = (spans) => new Promise((resolve) => setTimeout(() => resolve(print(spans[0].name)), 100).unref())
      const other = create({ name: 'unheld', record: unheld })
      // Until the signal has come, which may take time on a busy machine. A listener would be the program's own.
      const { emit } = process
      process.emit = (...event) => {
        if (event[0] === 'SIGTERM') clearInterval(busy)
        return emit.apply(process, event)
      }
      closeOnSignals(other)
      work('a', other)
      send('SIGTERM')`)
    expect(ended).toMatchObject({ signal: 'SIGTERM', stdout: 'a\n' })
  })

  test('closes several tracers, one of them of another copy of the package', () => {
    const body = `
      const others = [create(), require(${JSON.stringify(commonJs)}).createTracer({ recorder: { name: 'later', record: store } })]
      closeOnSignals(tracer)
      closeOnSignals(others[0])
      require(${JSON.stringify(commonJs)}).closeOnSignals(others[1])
      work('a'); work('b', others[0]); work('c', others[1])
      send('SIGTERM')`
    const ended = run(body)
    expect([ended.signal, ended.stdout.trim().split('\n').sort()]).toEqual(['SIGTERM', ['a', 'b', 'c']])
  })

  test.each([
    ['before', `process.once('SIGTERM', own); closeOnSignals(tracer)`],
    ['after', `closeOnSignals(tracer); process.on('SIGTERM', own)`],
  ])('leaves the end to a listener of the program, added %s it, and the tracer is open until then', (_when, listen) => {
    const ended = run(`
      const own = () => setTimeout(async () => { work('b'); await tracer.close(); process.exit(3) }, 100)
      ${listen}
      work('a')
      send('SIGTERM')`)
    expect(ended).toMatchObject({ status: 3, signal: null, stdout: 'a\nb\n' })
  })

  test('forces no end where a listener of the program does not end it', () => {
    const ended = run(`
      closeOnSignals(tracer)
      process.on('SIGINT', () => print('got it'))
      work('a')
      send('SIGINT')
      setTimeout(() => { work('b'); send('SIGTERM') }, 200)`)
    expect(ended).toMatchObject({ signal: 'SIGTERM', stdout: 'got it\na\nb\n' })
  })

  test('passes the signal on to a listener that was added meanwhile', () => {
    const ended = run(`
      const record = async (spans) => {
        await store(spans)
        process.on('SIGTERM', () => { print('mine'); process.exit(4) })
      }
      const other = create({ name: 'other', record })
      closeOnSignals(other)
      work('a', other)
      send('SIGTERM')`)
    expect(ended).toMatchObject({ status: 4, stdout: 'a\nmine\n' })
  })

  test.each(['signal-exit', 'signal-exit-3'])('is not kept from it by the listeners of %s', (name) => {
    const ended = run(`
      const exit = require('${name}')
      const onExit = exit.onExit ?? exit
      onExit((_code, signal) => print('at exit ' + signal))
      closeOnSignals(tracer)
      work('a')
      send('SIGTERM')`)
    expect(ended).toMatchObject({ signal: 'SIGTERM', stdout: 'a\nat exit SIGTERM\n' })
  })

  test('ends at once at a second signal while a recorder hangs', () => {
    const ended = run(`
      const hung = create(stuck)
      closeOnSignals(hung)
      work('a', hung)
      setInterval(() => send('SIGINT'), 50)`)
    expect(ended).toMatchObject({ signal: 'SIGINT' })
  })

  test('takes two signals at a time for one', () => {
    const ended = run(`closeOnSignals(tracer); work('a'); send('SIGINT'); send('SIGTERM')`)
    expect(ended.signal).toMatch(/^SIG(INT|TERM)$/)
    expect(ended.stdout).toBe('a\n')
  })

  test('waits no longer than its timeout', () => {
    const ended = run(`
      const hung = create(stuck)
      closeOnSignals(hung, { timeout: 50 })
      work('a', hung)
      send('SIGTERM')`)
    expect(ended).toMatchObject({ signal: 'SIGTERM' })
  })

  test('exits as process 1, which no signal ends, with 128 and the number of the signal', () => {
    const ended = run(`
      Object.defineProperty(process, 'pid', { value: 1 })
      closeOnSignals(tracer)
      work('a')
      process.emit('SIGTERM', 'SIGTERM', 15)`)
    expect(ended).toMatchObject({ status: 143, signal: null, stdout: 'a\n' })
  })

  test('stops when it is told to', () => {
    const before = process.listenerCount('SIGTERM')
    const tracer = createTracer({ service: 'test', recorder: memoryRecorder() })
    const stops = [closeOnSignals(tracer), closeOnSignals(tracer)]
    expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    for (const stop of [...stops, ...stops]) stop()
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  test.each<[unknown, unknown]>([
    [undefined, {}],
    [{}, {}],
    [createTracer({ service: 'test', recorder: memoryRecorder() }), { timeout: 0 }],
    [createTracer({ service: 'test', recorder: memoryRecorder() }), { timout: 1 }],
  ])('refuses %p with %p', (tracer, options) => {
    expect(() => Reflect.apply(closeOnSignals, undefined, [tracer, options])).toThrow(
      expect.objectContaining({ code: 'TRACE_BAD_OPTION' }),
    )
  })
})
