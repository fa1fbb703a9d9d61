import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { openReader, openRecorder } from '../src/index.js'
import { folder } from './support/files.js'

const here = fileURLToPath(new URL('..', import.meta.url))

test('a deployment chooses it by URL, where it is installed as trace-recorder-sqlite', () => {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@trace'), { recursive: true })
  symlinkSync(here, join(modules, 'trace-recorder-sqlite'))
  symlinkSync(join(here, '..', '..', 'packages', 'core'), join(modules, '@trace', 'core'))
  const program = `
    import { createTracer } from '@trace/core'
    import { openReader, openRecorder } from '@trace/core/open'
    const tracer = createTracer({ service: 'users', recorder: openRecorder('sqlite:my%20traces.db') })
    tracer.trace('task', 'nightly report', () => {})
    console.log((await tracer.close()).left)
    for (const { name } of (await openReader('sqlite:my%20traces.db').traces()).traces) console.log(name)`
  const args = ['--no-warnings', '--input-type=module', '-e', program]
  expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe('0\nnightly report\n')
  expect(existsSync(join(folder, 'my traces.db'))).toBe(true)
})

test.each(['sqlite:', 'sqlite://host/traces.db', 'sqlite:traces.db?mode=ro', 'sqlite:traces.db#1', 'sqlite:100%.db'])(
  'the URL %s is refused',
  (url) => {
    const message = /sqlite: needs the path of a file, as in sqlite:traces\.db/
    for (const open of [openRecorder, openReader]) {
      expect(() => open(new URL(url))).toThrow(expect.objectContaining({ code: 'TRACE_BAD_URL' }))
      expect(() => open(new URL(url))).toThrow(message)
    }
  },
)
