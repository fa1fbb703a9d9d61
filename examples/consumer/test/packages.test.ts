import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const here = fileURLToPath(new URL('..', import.meta.url))
const packages = fileURLToPath(new URL('../../../packages', import.meta.url))

interface Conditions {
  readonly import: { types: string; default: string }
  readonly 'module-sync': string
  readonly require: { types: string; default: string }
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly main: string
  readonly exports: Readonly<Record<string, string | Conditions>>
}

const manifests = readdirSync(packages)
  .map((folder) => ({ folder: join(packages, folder), manifest: read(join(packages, folder, 'package.json')) }))
  .filter(({ manifest }) => manifest.private !== true)

function read(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function pathsOf(target: string | Conditions): string[] {
  if (typeof target === 'string') return [target]
  const { import: imported, 'module-sync': either, require: required } = target
  return [imported.types, imported.default, either, required.types, required.default]
}

const entries = manifests.flatMap(({ manifest }) =>
  Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => manifest.name + path.slice(1)),
)

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

test('types are found from ES modules, from CommonJS and by bundlers', () => {
  const folder = join(here, '.types')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const uses = entries.map(
    (entry, i) => `import type * as entry${i} from '${entry}'\nexport type Entry${i} = typeof entry${i}`,
  )
  // The mistake must be found, or no types were.
  const mistake = `import { createTracer } from '@trace/core'\n// @ts-expect-error: the recorder is missing\ncreateTracer({})`
  for (const ending of ['mts', 'cts', 'ts'])
    writeFileSync(join(folder, `use.${ending}`), `${uses.join('\n')}\n${mistake}\n`)
  const check = (files: string[], options: Record<string, unknown>) => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2023',
      types: ['node'],
      skipLibCheck: false,
      ...options,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const compiler = createRequire(import.meta.url)
      .resolve('typescript/package.json')
      .replace('package.json', 'bin/tsc')
    return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  }
  const lib = ['es2023', 'esnext.disposable', 'dom']
  expect(check(['use.mts', 'use.cts'], { module: 'nodenext', lib })).toBe('')
  expect(check(['use.ts'], { module: 'esnext', moduleResolution: 'bundler', lib })).toBe('')
})

describe.each(manifests)('the package $manifest.name', ({ folder, manifest }) => {
  test('packs what its exports name, and neither tests nor build files', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--silent'], { cwd: folder, encoding: 'utf8' }),
    ) as [{ files: { path: string }[] }]
    const packed = files.map(({ path }) => path)
    for (const path of [manifest.main, ...Object.values(manifest.exports).flatMap(pathsOf)]) {
      expect(packed).toContain(path.replace('./', ''))
    }
    expect(packed.filter((path) => !/^(dist|src)\/|^package\.json$|^README\.md$|^LICENSE$/.test(path))).toEqual([])
    expect(packed).toContain('README.md')
    expect(packed).toContain('LICENSE')
  })
})
