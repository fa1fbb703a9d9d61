import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { type Conditions, entriesOf, publishedPackages } from '../src/packed.js'

const here = fileURLToPath(new URL('..', import.meta.url))
const manifests = publishedPackages()
const entries = manifests.flatMap(({ manifest }) => entriesOf(manifest))

function pathsOf(target: string | Conditions): string[] {
  if (typeof target === 'string') return [target]
  const { import: imported, 'module-sync': either, require: required } = target
  return [imported.types, imported.default, either, required.types, required.default]
}

/** Runs a program in this folder, so that it finds what is installed here. */
function run(program: string, type: 'module' | 'commonjs'): string {
  return execFileSync(process.execPath, [`--input-type=${type}`, '-e', program], { cwd: here, encoding: 'utf8' })
}

describe.each(entries)('%s', (entry) => {
  test('loads by import and by require(), as one instance', () => {
    const program = `
      const required = require(${JSON.stringify(entry)})
      import(${JSON.stringify(entry)}).then((imported) => {
        const names = Object.keys(imported).filter((name) => name !== 'module.exports')
        console.log(names.length > 0 && names.every((name) => imported[name] === required[name]))
      })`
    expect(run(program, 'commonjs').trim()).toBe('true')
  })
})

/** The paths of the files in each package's tarball, by the package's name. */
const packedFiles = new Map<string, string[]>()
beforeAll(() => {
  const folders = manifests.map(({ folder }) => folder)
  const packed: { name: string; files: { path: string }[] }[] = JSON.parse(
    execFileSync('npm', ['pack', ...folders, '--dry-run', '--json', '--silent'], { cwd: here, encoding: 'utf8' }),
  )
  for (const { name, files } of packed)
    packedFiles.set(
      name,
      files.map(({ path }) => path),
    )
})

describe.each(manifests)('the package $manifest.name', ({ manifest }) => {
  test('packs what its exports name, and neither tests nor build files', () => {
    const packed = packedFiles.get(manifest.name) ?? []
    for (const path of [manifest.main, ...Object.values(manifest.exports).flatMap(pathsOf)]) {
      expect(packed).toContain(path.replace('./', ''))
    }
    expect(packed.filter((path) => !/^(bin|dist|src)\/|^package\.json$|^README\.md$|^LICENSE$/.test(path))).toEqual([])
    expect(packed).toContain('README.md')
    expect(packed).toContain('LICENSE')
  })
})
