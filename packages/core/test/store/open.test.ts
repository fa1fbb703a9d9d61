import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openReader, openRecorder } from '../../src/store/open.js'
import { aSpan } from '../support/spans.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'open-')))
afterAll(() => rmSync(folder, { recursive: true }))

const core = new URL('../../dist/store/open.js', import.meta.url).href
const script = (format: 'esm' | 'cjs'): string => `
  ${format === 'esm' ? `import { openRecorder, openReader } from '${core}'` : `const { openRecorder, openReader } = require(new URL('${core}'))`}
  for (const url of process.argv.slice(2)) {
    for (const open of [openRecorder, openReader]) {
      try {
        console.log(open(url).name)
      } catch (error) {
        console.log(\`\${error.name} \${error.code} \${error.message}\`.replaceAll('\\n', ' '))
      }
    }
  }`

function put(path: string, text: string): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** A package of an application, as it is installed. */
function install(application: string, name: string, code: string, fields: object = {}): void {
  const manifest = { name, version: '1.0.0', type: 'module', exports: './index.js', ...fields }
  put(join(application, 'node_modules', name, 'package.json'), JSON.stringify(manifest))
  put(join(application, 'node_modules', name, 'index.js'), code)
}

const backend = (name: string): string => `
  export const openRecorder = (url) => ({ name: '${name} ' + url.pathname, record() {} })
  export const openReader = (url) => ({ name: '${name} ' + url.search, traces() {} })`

/** @returns two lines for each URL: of the recorder and of the reader */
function run(main: string, urls: string | readonly string[], cwd = folder): string[] {
  const args = [main].concat(urls)
  const out = execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return out.trimEnd().split('\n')
}

describe('packages', () => {
  const main = put('app/main.mjs', script('esm'))
  install('app', '@trace/yamlrec', backend('yaml of app'))
  install('app', 'trace-recorder-x', backend('x of app'))
  install('other', 'trace-recorder-x', backend('x of other'))
  install('other', 'trace-recorder-y', backend('y of other'))
  install('app', 'trace-recorder-empty', 'export {}')
  install('app', 'trace-recorder-wrong', 'export const openRecorder = () => 5, openReader = () => ({})')
  install('app', 'trace-recorder-broken', "import 'not-there'")
  install('app', 'trace-recorder-waiting', 'await null')
  install('app', 'trace-recorder-closed', '', { exports: { './inner': './index.js' } })
  install('app', 'trace-recorder-strict', "export const openRecorder = () => { throw new RangeError('own error') }")

  test('are found from the main script, whatever the current folder', () => {
    expect(run(main, 'yaml:a.yaml?b=c')).toEqual(['yaml of app a.yaml', 'yaml of app ?b=c'])
    expect(run(main, 'x:p?q', join(folder, 'other'))).toEqual(['x of app p', 'x of app ?q'])
  })

  test('are found from the current folder, where the main script is elsewhere', () => {
    expect(run(main, 'y:p?q', join(folder, 'other'))).toEqual(['y of other p', 'y of other ?q'])
  })

  test('are found from a script that is linked, and from one that is CommonJS', () => {
    mkdirSync(join(folder, 'bin'))
    symlinkSync(main, join(folder, 'bin', 'linked.mjs'))
    expect(run(join(folder, 'bin', 'linked.mjs'), 'x:p')[0]).toBe('x of app p')
    const common = put(
      'app/main.cjs',
      script('cjs').replace("require(new URL('", "require(require('url').fileURLToPath('"),
    )
    expect(run(common, 'x:p')[0]).toBe('x of app p')
  })

  const TOLD = [
    ['dynamodb://Traces', 'TRACE_MISSING_PACKAGE', 'npm install @trace/dynamorec'],
    ['dynamodb://Traces', 'TRACE_MISSING_PACKAGE', 'looked for from '],
    ['yml:a', 'TRACE_BAD_URL', 'unknown scheme yml: install its package trace-recorder-yml (looked for from '],
    ['yml:a', 'TRACE_BAD_URL', 'trace-recorder-yml'],
    ['empty:', 'TRACE_BAD_PACKAGE', 'does not export openRecorder'],
    ['wrong:', 'TRACE_BAD_PACKAGE', "returned 5 instead of a recorder; report this to the package's author"],
    ['broken:', 'TRACE_BAD_PACKAGE', "cannot be loaded: Cannot find package 'not-there'"],
    ['waiting:', 'TRACE_BAD_PACKAGE', 'cannot be loaded'],
    ['closed:', 'TRACE_BAD_PACKAGE', 'cannot be resolved: No "exports" main'],
  ] as const
  // One process opens them all.
  let told: string[] = []
  beforeAll(() => {
    told = run(
      main,
      TOLD.map(([url]) => url),
    )
  })
  test.each(TOLD.map(([...each], at) => [...each, at] as const))('%s is told as %s: %s', (_url, code, message, at) => {
    const line = told[2 * at] ?? ''
    expect(line).toContain(`TraceError ${code}`)
    expect(line).toContain(message)
  })

  test('are found from the main script, where the current folder has been removed', () => {
    const gone = join(folder, 'gone')
    mkdirSync(gone)
    const leaving = put(
      'app/leaving.mjs',
      `import { rmdirSync } from 'node:fs'
      process.chdir(${JSON.stringify(gone)})
      rmdirSync(${JSON.stringify(gone)})
      await import('./main.mjs')`,
    )
    expect(run(leaving, 'yaml:/a.yaml?b=c')).toEqual(['yaml of app /a.yaml', 'yaml of app ?b=c'])
  })

  test('pass their own errors through', () => {
    expect(run(main, 'strict:')[0]).toBe('RangeError undefined own error')
  })
})

describe('memory:', () => {
  test('is one store for a URL', async () => {
    const span = aSpan()
    await openRecorder('memory:').record([span])
    expect((await openReader(new URL('memory:')).trace(span.traceId)).spans).toEqual([span])
    expect((await openReader('memory:other').trace(span.traceId)).spans).toEqual([])
  })

  test.each(['memory://host', 'memory:?limit=1', 'memory:#x'])('%s is refused', (url) => {
    expect(() => openRecorder(url)).toThrow(/memory: takes a name or nothing/)
  })
})

test('none: records nothing, and cannot be read', async () => {
  const recorder = openRecorder('none:')
  await recorder.record([aSpan()])
  expect(recorder.name).toBe('none')
  expect(() => openReader('none:')).toThrow(/none: records nothing/)
})

test.each([[''], ['traces.yaml'], [undefined], [5]])('%p is no URL', (url) => {
  expect(() => Reflect.apply(openRecorder, undefined, [url])).toThrow(
    /expected a URL such as "yaml:traces.yaml", got .*yaml:, jsonl:/,
  )
})

test('a password is not told', () => {
  expect(() => openRecorder('//user:secret@host')).toThrow(/got a text that is not a URL/)
})
