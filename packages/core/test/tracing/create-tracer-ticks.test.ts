import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

const core = new URL('../../dist/index.js', import.meta.url).href

test('one of the objects that Node makes for ticks outlives the garbage collection, however many tracers there are', () => {
  const program = `
    import { createHook } from 'node:async_hooks'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { createTracer, memoryRecorder } from ${JSON.stringify(core)}
    const ticks = []
    const init = (id, type, trigger, resource) => { if (type === 'TickObject') ticks.push(new WeakRef(resource)) }
    const hook = createHook({ init }).enable()
    for (let made = 0; made < 3; made++) {
      createTracer({ recorder: memoryRecorder() })
      process.nextTick(() => {})
      await sleep(1)
    }
    hook.disable()
    globalThis.gc()
    await sleep(1)
    globalThis.gc()
    console.log(ticks.length > 3, ticks.filter((tick) => tick.deref() !== undefined).length)`
  const flags = ['--expose-gc', '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  expect([stdout, stderr]).toEqual(['true 1\n', ''])
})
