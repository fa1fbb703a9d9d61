import { execFileSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

test.each(['express', 'fastify'])(
  'the import of %s loads neither node:http nor streams: that takes milliseconds, and a framework has its own time for it',
  (entry) => {
    const program = `
      await import(${JSON.stringify(new URL(`../dist/${entry}.js`, import.meta.url).href)})
      console.log(process.moduleLoadList.filter((each) => /^NativeModule (http|net|stream)$/.test(each)).join())`
    const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect(loaded).toBe('\n')
  },
)
