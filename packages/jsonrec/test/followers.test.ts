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
