import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const NOBODY = 65_534
let clone: string

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'trace-clone-'))
  // For another user: the folder of a test run is its owner's alone.
  for (const folder of [tmpdir(), clone]) if (statSync(folder).uid === process.getuid?.()) openToRead(folder)
  for (const file of ['package.json', '.config']) cpSync(join(root, file), join(clone, file), { recursive: true })
  mkdirSync(join(clone, 'packages', 'core'), { recursive: true })
  mkdirSync(join(clone, 'examples'))
})

afterEach(() => rmSync(clone, { recursive: true }))

function openToRead(folder: string): void {
  chmodSync(folder, statSync(folder).mode | 0o555)
}

/** Node may be installed where another user cannot run it. */
function ownNode(): string {
  const copy = join(clone, 'node')
  cpSync(process.execPath, copy)
  chmodSync(copy, 0o755)
  return copy
}

function install(): void {
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
}

function build(options: { nodeFlags?: string[]; uid?: number } = {}): { status: number | null; output: string } {
  const { nodeFlags = [], uid } = options
  const args = [...nodeFlags, join(clone, '.config', 'turbo.mjs'), 'run', 'build', '--dry']
  const env = { ...process.env, NODE_OPTIONS: '' }
  const as = uid === undefined ? {} : { uid }
  const { status, stdout, stderr, error } = spawnSync(uid === undefined ? process.execPath : ownNode(), args, {
    encoding: 'utf8',
    env,
    ...as,
  })
  if (error !== undefined) throw error
  return { status, output: stdout + stderr }
}

describe('where the commands of the repository cannot run, one line says what to do', () => {
  test('a Node that is too old', () => {
    install()
    const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } })`
    const { status, output } = build({ nodeFlags: ['--import', `data:text/javascript,${encodeURIComponent(old)}`] })
    expect(output).toBe(
      'trace needs Node.js 20.19 or later, and this is 20.18.3: install a newer one from https://nodejs.org\n',
    )
    expect(status).toBe(1)
  })

  test('a clone where nothing is installed', () => {
    const { status, output } = build()
    expect(output).toBe(`nothing is installed in ${clone}/: run npm install there first\n`)
    expect(status).toBe(1)
  })

  test('a clone that cannot be written', () => {
    // Not a link: another user may not read the folder of this repository, nor, by the umask, what was made here.
    mkdirSync(join(clone, 'node_modules', '.bin'), { recursive: true })
    writeFileSync(join(clone, 'node_modules', '.bin', 'turbo'), '')
    for (const name of readdirSync(clone, { recursive: true, encoding: 'utf8' })) openToRead(join(clone, name))
    const folder = join(clone, 'packages', 'core')
    chmodSync(folder, 0o555)
    // Nothing is forbidden to root.
    const { status, output } = build(process.getuid?.() === 0 ? { uid: NOBODY } : {})
    expect(output).toMatch(/^(\S+) cannot be written, and the build writes there: clone the repository into .*\n$/)
    expect(status).toBe(1)
  })
})

test('turbo says nothing of its telemetry', () => {
  install()
  expect(build().output).not.toMatch(/telemetry/i)
})
