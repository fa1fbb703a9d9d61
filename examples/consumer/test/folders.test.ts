import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'

// The rules are in .biome.json, in an override for each folder of a package. Its patterns are `../**`, and `!../x/**` for
// each folder x that it may import from.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const biome = createRequire(join(root, 'package.json')).resolve('@biomejs/biome/bin/biome')
const copy = mkdtempSync(join(tmpdir(), 'trace-folders-'))
afterAll(() => rmSync(copy, { recursive: true }))

interface Override {
  readonly includes: readonly string[]
  readonly linter: { rules: { style?: { noRestrictedImports?: { options: { patterns: { group: string[] }[] } } } } }
}

interface Folder {
  readonly name: string
  readonly path: string
  readonly allowed: readonly string[]
}

const { vcs: _vcs, $schema: _schema, ...config } = JSON.parse(readFileSync(join(root, '.biome.json'), 'utf8'))
const folders = (config.overrides as Override[]).flatMap(({ includes, linter }): Folder[] => {
  const patterns = linter.rules.style?.noRestrictedImports?.options.patterns
  if (patterns === undefined) return []
  const allowed = patterns.flatMap(({ group }) => group).flatMap((glob) => /^!\.\.\/(.+)\/\*\*$/.exec(glob)?.[1] ?? [])
  return includes.map((glob) => {
    const path = glob.replace(/\/\*\*$/, '')
    return { name: basename(path), path, allowed }
  })
})
const parents = new Map<string, Folder[]>()
for (const folder of folders) {
  const parent = join(folder.path, '..')
  parents.set(parent, [...(parents.get(parent) ?? []), folder])
}

function importsOf({ name, path }: Folder): string[] {
  const others = (parents.get(join(path, '..')) ?? []).filter((other) => other.name !== name)
  return [...others.map((other) => `../${other.name}/x.js`), '../index.js', './x.js', '@trace/core', 'node:fs']
}

/** What each folder is refused, as `path: module`. */
function refusals(): string[] {
  writeFileSync(join(copy, 'biome.json'), JSON.stringify(config))
  for (const folder of folders) {
    mkdirSync(join(copy, folder.path), { recursive: true })
    writeFileSync(
      join(copy, folder.path, 'file.ts'),
      importsOf(folder)
        .map((each) => `import '${each}'\n`)
        .join(''),
    )
  }
  const args = ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = spawnSync(process.execPath, [biome, ...args], { cwd: copy, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { location: { path: string; start: { line: number } } }[]
  }
  return diagnostics.map(({ location: { path, start } }) => {
    const line = readFileSync(join(copy, path), 'utf8').split('\n')[start.line - 1]
    return `${join(path, '..')}: ${line?.slice("import '".length, -1)}`
  })
}

const refused = refusals()

test('all packages with folders have rules for them', () => {
  const sources = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'src'))
  const divided = sources.filter((path) =>
    readdirSync(join(root, path), { withFileTypes: true }).some((each) => each.isDirectory()),
  )
  expect([...parents.keys()]).toEqual(expect.arrayContaining(divided))
})

describe('what crosses no folder', () => {
  /** The rules that a package of these files breaks, by its file. */
  function broken(files: Readonly<Record<string, string>>): string[] {
    const project = join(mkdtempSync(join(copy, 'project-')), 'packages', 'sample')
    mkdirSync(join(project, 'src'), { recursive: true })
    writeFileSync(join(project, 'package.json'), '{ "name": "sample", "dependencies": { "yaml": "2" } }')
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project, 'src', name), text)
    const top = join(project, '..', '..')
    writeFileSync(join(top, 'biome.json'), JSON.stringify(config))
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
    const { stdout } = spawnSync(process.execPath, [biome, ...args], { cwd: top, encoding: 'utf8' })
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: string } }[] }
    return diagnostics.map(({ category, location: { path } }) => `${basename(path)}: ${category}`).sort()
  }

  test.each([
    ['', 'of values'],
    ['type ', 'of types'],
  ])('a circle is refused (import %s…), one %s', (kind) => {
    const one = `import ${kind}{ Two } from './two.js'\nexport class One {\n  two: Two | undefined\n  make = (): unknown => ${kind === '' ? 'new Two()' : '1'}\n}\n`
    const two = `import ${kind}{ One } from './one.js'\nexport class Two {\n  one: One | undefined\n  make = (): unknown => ${kind === '' ? 'new One()' : '1'}\n}\n`
    expect(broken({ 'one.ts': one, 'two.ts': two })).toEqual([
      'one.ts: lint/suspicious/noImportCycles',
      'two.ts: lint/suspicious/noImportCycles',
    ])
  })

  test('a dependency that package.json does not name is refused', () => {
    expect(broken({ 'a.ts': "import 'yaml'\n", 'b.ts': "import 'fastify'\n" })).toEqual([
      'b.ts: lint/correctness/noUndeclaredDependencies',
    ])
  })
})

describe.each([...parents])('the folders of %s', (parent, siblings) => {
  test('have a rule each', () => {
    const entries = readdirSync(join(root, parent), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(siblings.map(({ name }) => name).sort()).toEqual(entries.map(({ name }) => name).sort())
  })

  test('lead one way', () => {
    const above = new Set<string>()
    for (const { name, allowed } of siblings) {
      expect([...above]).toEqual(expect.arrayContaining([...allowed]))
      above.add(name)
    }
  })

  test.each(siblings)('$name may import from $allowed only', (folder) => {
    const wrong = importsOf(folder).filter((each) => {
      const [, name] = /^\.\.\/(.+)\/x\.js$/.exec(each) ?? []
      return each === '../index.js' || (name !== undefined && !folder.allowed.includes(name))
    })
    const found = refused.filter((each) => each.startsWith(`${folder.path}: `))
    expect(found.sort()).toEqual(wrong.map((each) => `${folder.path}: ${each}`).sort())
  })
})
