import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { checkTypes, lintPackage } from '../src/cells/published.js'
import { compile } from '../src/cells/typescript.js'
import { publishedPackages, unpack } from '../src/packed.js'
import { putPrograms } from '../src/programs.js'
import { tarballs } from './support/tarballs.js'

const here = fileURLToPath(new URL('..', import.meta.url))
/** Inside this package, so that what the packages depend on, and the tools, are found. */
const project = join(here, '.packed', 'published')
const newest = join(here, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc')
const oldest = join(here, 'node_modules', 'typescript', 'bin', 'tsc')

beforeAll(async () => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  await unpack(tarballs, project)
  putPrograms(project)
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

describe('TypeScript', () => {
  // AWS's declarations alone take the oldest a minute on a busy machine.
  const without = ['@trace/dynamorec']
  const onlyOurs = true
  test.each([
    { compiler: oldest, version: 5.4, resolution: 'node10', exactOptionalPropertyTypes: false, without, onlyOurs },
    { compiler: oldest, version: 5.4, resolution: 'node16', exactOptionalPropertyTypes: true, without, onlyOurs },
    { compiler: newest, version: 7, resolution: 'nodenext', exactOptionalPropertyTypes: true },
    { compiler: newest, version: 7, resolution: 'bundler', exactOptionalPropertyTypes: false },
  ] as const)('$version compiles a use of them, $resolution', async (compilation) => {
    await compile(project, compilation)
  })
})

test.each(publishedPackages())(
  'nothing is wrong with the tarball of $manifest.name',
  async ({ manifest: { name } }) => {
    const tarball = tarballs.get(name) ?? ''
    await checkTypes(tarball)
    await lintPackage(tarball)
  },
)
