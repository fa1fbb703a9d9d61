import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'api-test-'))
afterAll(() => rmSync(root, { recursive: true }))

// Jest takes seconds to load a compiler.
const importByNode: (url: string) => Promise<{ reportApi(root: string, isCheck: boolean): string[] }> = Reflect.get(
  globalThis,
  'importByNode',
)
const tool = await importByNode(pathToFileURL(join(repository, '.config', 'api.mjs')).href)

/** A repository with one published package of these entries, and a private one. */
function writePackages(entries: Record<string, string>): void {
  const folder = join(root, 'packages', 'shop')
  const exports: Record<string, unknown> = { './package.json': './package.json' }
  mkdirSync(join(folder, 'dist'), { recursive: true })
  for (const [entry, types] of Object.entries(entries)) {
    const file = `./dist/${entry === '.' ? 'index' : entry.slice(2)}.d.ts`
    exports[entry] = { import: { types: file } }
    writeFileSync(join(folder, file), types)
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'shop', version: '1.0.0', type: 'module', exports }),
  )
  mkdirSync(join(root, 'packages', 'hidden'), { recursive: true })
  writeFileSync(join(root, 'packages', 'hidden', 'package.json'), '{"name":"hidden","private":true}')
}

test('a change of what a package exports fails until its report is written, and a report of no entry goes', () => {
  // Instead of those of Node, which take long to compile, and are not used.
  const types = join(root, 'node_modules', '@types', 'node')
  mkdirSync(types, { recursive: true })
  writeFileSync(join(types, 'index.d.ts'), '')
  const report = (entry: string): string => join('packages', 'shop', 'api', `${entry}.api.md`)
  const check = (): string[] => tool.reportApi(root, true)
  const write = (): string[] => tool.reportApi(root, false)

  writePackages({ '.': 'export declare function buy(name: string): void\n', './open': 'export type Hour = 8 | 9\n' })
  expect(write()).toEqual([report('index'), report('open')])
  const text = (): string => readFileSync(join(root, report('index')), 'utf8')
  expect(text()).toContain('export function buy(name: string): void')

  writePackages({ '.': 'export declare function buy(name: string, count?: number): void\n' })
  expect(check()).toEqual([report('open'), report('index')])
  expect([text().includes('count'), existsSync(join(root, report('open')))]).toEqual([false, true])
  expect(write()).toEqual([report('open'), report('index')])
  expect([text().includes('count'), existsSync(join(root, report('open')))]).toEqual([true, false])
  expect(check()).toEqual([])
})
