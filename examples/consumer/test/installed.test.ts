import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bundleAndRun } from '../src/cells/bundlers.js'
import { runJest } from '../src/cells/jest.js'
import { unpack } from '../src/packed.js'
import { putPrograms, SERVICE_PRINTS } from '../src/programs.js'
import { runNode } from '../src/run.js'
import { tarballs } from './support/tarballs.js'

// The quick part of `npm run matrix`, which tries all of it with many more tools and versions.

const here = fileURLToPath(new URL('..', import.meta.url))
/** Inside this package, so that what the packages depend on, and the tools, are found. */
const project = join(here, '.packed', 'installed')

beforeAll(async () => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  await unpack(tarballs, project)
  putPrograms(project)
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

test.each(['mjs', 'cjs'])('a program runs, as .%s', async (ending) => {
  const { all } = await runNode([`service.${ending}`], { cwd: project })
  expect(all).toBe(`${JSON.stringify(SERVICE_PRINTS)}\n`)
})

test.each(['mjs', 'cjs'])('a program runs, as .%s, where require() gives no ES modules', async (ending) => {
  const { all } = await runNode(['--no-experimental-require-module', `service.${ending}`], { cwd: project })
  expect(all).toBe(`${JSON.stringify(SERVICE_PRINTS)}\n`)
})

// By ts-jest it runs in nest.test.ts.
test.each(['babel-jest', '@swc/jest'] as const)('Jest runs without any flag, by %s', async (transform) => {
  await runJest(project, transform)
})

test.each([
  { tool: 'esbuild', entry: 'bundle.mjs', format: 'esm', minify: true },
  { tool: 'esbuild', entry: 'bundle.cjs', format: 'cjs', minify: true },
  { tool: 'webpack', entry: 'bundle.mjs', format: 'esm', minify: false },
] as const)('a bundle by $tool of $entry, as $format, records and reads back', async (bundling) => {
  await bundleAndRun(project, bundling)
})
