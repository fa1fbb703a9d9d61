import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'

const folder = mkdtempSync(join(tmpdir(), 'trace-chdir-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a program in a folder of its own. @returns what it prints */
function run(name: string, body: string): string {
  const cwd = join(folder, name)
  mkdirSync(join(cwd, 'elsewhere'), { recursive: true })
  const program = `
    import { rmdirSync } from 'node:fs'
    import { createTracer } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
    import { openReader, openRecorder } from ${JSON.stringify(import.meta.resolve('@trace/core/open'))}
    import { yamlReader, yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
    process.argv[1] = ${JSON.stringify(new URL('chdir.test.ts', import.meta.url).pathname)}
    ${body}`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd,
    encoding: 'utf8',
  })
  return stdout + stderr
}

test.each([`yamlRecorder({ path: 'traces.yaml' })`, `openRecorder('yaml:traces.yaml')`])(
  'a relative path counts from the folder that was current when %s was called',
  async (recorder) => {
    const name = recorder.slice(0, 4)
    const printed = run(
      name,
      `const tracer = createTracer({ service: 'test', recorder: ${recorder} })
       const reader = yamlReader({ path: 'traces.yaml' })
       tracer.trace('work', 'before', () => {})
       await tracer.flush()
       process.chdir('elsewhere')
       tracer.trace('work', 'after', () => {})
       await tracer.flush()
       console.log((await reader.traces()).traces.length, reader.name)
       tracer.trace('work', 'at exit', () => {})
       process.exit()`,
    )
    expect(printed).toBe('2 yaml(traces.yaml)\n')
    expect(readdirSync(join(folder, name)).sort()).toEqual(['elsewhere', 'traces.yaml'])
    expect(readdirSync(join(folder, name, 'elsewhere'))).toEqual([])
  },
)

test('a path with .. behind a symbolic link leads where the system says', () => {
  run(
    'links',
    `const { symlinkSync } = process.getBuiltinModule('node:fs')
     symlinkSync(${JSON.stringify(join(folder, 'links', 'elsewhere'))}, '../link')
     process.chdir('..')
     const tracer = createTracer({ service: 'test', recorder: yamlRecorder({ path: 'link/../traces.yaml' }) })
     tracer.trace('work', 'a', () => {})
     await tracer.close()`,
  )
  expect(readdirSync(join(folder, 'links'))).toEqual(['elsewhere', 'traces.yaml'])
})

test('where the current folder was removed, an absolute path works, and a relative one is told', async () => {
  const file = join(folder, 'kept.yaml')
  const printed = run(
    'gone',
    `process.chdir('elsewhere')
     rmdirSync('../elsewhere')
     const tracer = createTracer({ service: 'test', recorder: openRecorder(${JSON.stringify(`yaml:${file}`)}) })
     tracer.trace('work', 'kept', () => {})
     await tracer.close()
     console.log((await openReader(${JSON.stringify(`yaml:${file}`)}).traces()).traces[0].name)
     for (const make of [yamlRecorder, yamlReader]) {
       try {
         make({ path: 'traces.yaml' })
       } catch ({ code, message }) {
         console.log(code, message)
       }
     }`,
  )
  const why = 'option "path": "traces.yaml" is relative to the current folder, which was removed; give an absolute path'
  expect(printed).toBe(`kept\nTRACE_BAD_OPTION yamlRecorder: ${why}\nTRACE_BAD_OPTION yamlReader: ${why}\n`)
})
