import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

// Node 20 warns of the eleventh listener for the end of a signal; later releases do not.
test('many follow a file or a memory until one signal aborts, without a warning of too many listeners', () => {
  const program = `
    import { memoryRecorder } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
    import { jsonReader } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const warnings = []
    process.on('warning', ({ name }) => warnings.push(name))
    for (const reader of [memoryRecorder(), jsonReader({ path: '/no/such/folder/traces.jsonl' })]) {
      const stop = new AbortController()
      let ended = 0
      const follow = async () => {
        for await (const spans of reader.follow({ signal: stop.signal })) throw new Error('nothing was recorded')
        ended++
      }
      const following = Array.from({ length: 12 }, follow)
      await new Promise((resolve) => setTimeout(resolve, 300))
      stop.abort()
      await Promise.all(following)
      console.log(ended)
    }
    console.log(warnings.join())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect([stdout, stderr]).toEqual(['12\n12\n\n', ''])
})

test('many record to one stream, without a warning of too many listeners, and none is left on it', () => {
  const program = `
    import { Writable } from 'node:stream'
    import { createTracer } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
    import { jsonRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    const warnings = []
    process.on('warning', ({ name }) => warnings.push(name))
    const logger = { warn() {} }
    async function recordAll(stream) {
      const tracers = Array.from({ length: 14 }, () => createTracer({ recorder: jsonRecorder({ stream }), logger }))
      for (const tracer of tracers) tracer.trace('work', 'w', () => {})
      await Promise.all(tracers.map((tracer) => tracer.flush()))
      const stats = tracers.map((tracer) => tracer.stats())
      console.log(stats.every(({ recorded }) => recorded === 1), stats.every(({ failed }) => failed === 1))
      console.log(stream.listenerCount('error'), stream.listenerCount('close'))
    }
    await recordAll(new Writable({ write: (bytes, encoding, done) => setTimeout(done, 20) }))
    await recordAll(new Writable({ write: (bytes, encoding, done) => setTimeout(done, 20, new Error('full')) }))
    await recordAll(new Writable({ write() { setTimeout(() => this.destroy(), 20) } }))
    console.log(warnings.join())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const [taken, failed] = ['true false\n0 0\n', 'false true\n0 0\n']
  expect([stdout, stderr]).toEqual([`${taken}${failed}${failed}\n`, ''])
})
