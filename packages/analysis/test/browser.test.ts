import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('..', import.meta.url))
const { exports } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'))

test('what it exports runs where there is nothing but JavaScript itself', async () => {
  const entries = Object.keys(exports).filter((path) => path !== './package.json')
  const lines = entries.map((path, at) => `export * as entry${at} from '@trace/analysis${path.slice(1)}'`)
  const { outputFiles, metafile } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: here },
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    globalName: 'bundled',
    platform: 'browser',
  })
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
  expect(outside).toEqual([])
  const context = createContext({})
  runInContext(outputFiles[0]?.text ?? '', context)
  const program = `
    const span = { spanId: 2n, traceId: 1n, parentId: 0n, process: 'a:1@b', kind: 'work', name: 'x', start: 0n, finish: 5n, data: {} }
    bundled.entry0.printTrace([span]).split('\\n')[0]`
  expect(runInContext(program, context)).toBe('trace 1 · 1 span · 5 ns')
})
