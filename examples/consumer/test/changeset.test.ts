import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'trace-changeset-'))
afterAll(() => rmSync(copy, { recursive: true }))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly peerDependencies?: Readonly<Record<string, string>>
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy, encoding: 'utf8' })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

function published(): Manifest[] {
  const manifests = readdirSync(join(copy, 'packages')).map(
    (name) => JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8')) as Manifest,
  )
  return manifests.filter((manifest) => manifest.private !== true)
}

test('a minor change of core makes all packages minor, each with the new core as its peer', () => {
  for (const path of ['package.json', 'package-lock.json', '.changeset/config.json', '.config/changeset.mjs'])
    cpSync(join(root, path), join(copy, path))
  for (const group of ['packages', 'examples']) {
    for (const name of readdirSync(join(root, group)))
      cpSync(join(root, group, name, 'package.json'), join(copy, group, name, 'package.json'))
  }
  writeFileSync(join(copy, '.changeset/minor.md'), "---\n'@trace/core': minor\n---\n\nA change.\n")
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  run('git', 'init', '--quiet', '--initial-branch=main')
  run('git', 'add', '.changeset', '.config', 'packages', 'examples', 'package.json')
  run('git', '-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message=all')
  const [before] = published()
  const [major, minor] = String(before?.version).split('.').map(Number)
  run(process.execPath, '.config/changeset.mjs', 'version')
  const next = `${major}.${Number(minor) + 1}.0`
  for (const { name, version, peerDependencies } of published()) {
    const core = name === '@trace/core' ? undefined : `^${next}`
    expect({ name, version, core: peerDependencies?.['@trace/core'] }).toEqual({ name, version: next, core })
  }
})
