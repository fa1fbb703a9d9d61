import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'yaml-lazy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const plain = 'span_id: 1\\ntrace_id: 2\\nparent_id: 0\\nstart: "2015-10-20T13:14:15Z"\\n...\\n'
const rest = `
  const plain = '---\\n${plain}'
  const read = async (text) => (await parseYaml(text)).spans.length
`

/** The files that a program loads; Node itself says so, in what it writes of coverage. */
function loadedBy(program: string): string[] {
  const coverage = mkdtempSync(join(folder, 'coverage-'))
  const env = { ...process.env, NODE_V8_COVERAGE: coverage }
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: here, encoding: 'utf8', env })
  expect([run.status, run.stderr]).toEqual([0, ''])
  return readdirSync(coverage).flatMap((file) => {
    const { result }: { result: { url: string }[] } = JSON.parse(readFileSync(join(coverage, file), 'utf8'))
    return result.map(({ url }) => url)
  })
}

test('the YAML library is loaded by the first document that needs it', () => {
  const program = `import { parseYaml } from '@trace/yamlrec'; ${rest}`
  const ofLibrary = (url: string): boolean => url.includes('/yamlrec/dist/any-document')
  const without = loadedBy(`${program}; if (await read(plain) !== 1) throw new Error()`)
  expect(without.filter((url) => url.includes('/yamlrec/')).length).toBeGreaterThan(1)
  expect(without.filter(ofLibrary)).toEqual([])
  const needed = loadedBy(
    `${program}; if (await read(plain.replace('span_id: 1', 'span_id: 0x1')) !== 1) throw new Error()`,
  )
  expect(needed.filter(ofLibrary)).toHaveLength(1)
})

test.each([
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const)('all is read by a program bundled into one file, as %s', (format, ending) => {
  // A folder of its own, so that nothing can be loaded from anywhere else.
  const alone = join(folder, format)
  mkdirSync(alone)
  const contents = `
    import { parseYaml } from '@trace/yamlrec'
    ${rest}
    read(plain + plain.replace('span_id: 1', 'span_id: 0x1')).then(console.log)
  `
  const outfile = join(alone, `out.${ending}`)
  const stdin = { contents, resolveDir: here }
  buildSync({ stdin, bundle: true, platform: 'node', format, outfile, logLevel: 'error' })
  const run = spawnSync(process.execPath, [outfile], { cwd: alone, encoding: 'utf8' })
  expect([run.stdout, run.stderr]).toEqual(['2\n', ''])
})

test('require() gives the package too', () => {
  const program = `const { parseYaml } = require('@trace/yamlrec'); ${rest}
    read(plain.replace('span_id: 1', 'span_id: 0x1')).then(console.log)`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=commonjs', '-e', program]
  const run = spawnSync(process.execPath, args, { cwd: here, encoding: 'utf8' })
  expect([run.stdout, run.stderr]).toEqual(['1\n', ''])
})
