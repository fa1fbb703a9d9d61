import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { isAll } from '../../../.config/runs.js'
import type * as published from '../src/cells/published.js'
import { compile, compileOurs } from '../src/cells/typescript.js'
import { publishedPackages, unpack } from '../src/packed.js'
import { putPrograms } from '../src/programs.js'
import { tarballs } from './support/tarballs.js'

// Jest takes seconds to load a compiler, which runs slowly in it.
const importByNode: (url: string) => Promise<typeof published> = Reflect.get(globalThis, 'importByNode')
const { checkTypes, lintPackage } = await importByNode(new URL('../dist/cells/published.js', import.meta.url).href)

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

/** How the oldest compiler finds modules. Each takes it seconds. `npm run matrix` tries each compiler with each way. */
const resolutions = isAll ? (['node10', 'node16', 'bundler'] as const) : (['node10'] as const)

describe('TypeScript compiles a use of them', () => {
  test(`5.4, as ${resolutions.join(' and ')} finds modules`, async () => {
    // AWS's declarations alone take it a minute on a busy machine.
    const common = { version: 5.4, without: ['@trace/dynamorec'] }
    const compilations = resolutions.map((resolution) => {
      return { ...common, resolution, exactOptionalPropertyTypes: resolution === 'node16' }
    })
    await compileOurs(project, oldest, compilations)
  })

  test('7, as nodenext finds modules', async () => {
    await compile(project, newest, { version: 7, resolution: 'nodenext', exactOptionalPropertyTypes: true })
  })
})

/** Whose tarballs are looked at: of those with many entries, where not of all. */
const looked = publishedPackages().filter(({ manifest: { name } }) => isAll || /core|http/.test(name))

test.each(looked)('nothing is wrong with the tarball of $manifest.name', async ({ manifest: { name } }) => {
  const tarball = tarballs.get(name) ?? ''
  await checkTypes(tarball)
  await lintPackage(tarball)
})
