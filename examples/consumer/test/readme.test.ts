import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'
import { transformSync } from '@swc/core'
import { freePort } from '../src/servers.js'
import { type Snippet, snippetsOf } from './snippets.js'

const here = fileURLToPath(new URL('..', import.meta.url))
const top = join(here, '..', '..')
/** Inside this package, so that the programs find what it has installed. */
const programs = join(here, '.snippets')

/** Where they run. */
const scratch = mkdtempSync(join(tmpdir(), 'trace-readme-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const readmes = [
  'README.md',
  ...readdirSync(join(top, 'packages')).map((name) => join('packages', name, 'README.md')),
  join('examples', 'fanout', 'README.md'),
  join('examples', 'sqlite', 'README.md'),
]
const snippets = readmes
  .filter((name) => existsSync(join(top, name)))
  .flatMap((name) => snippetsOf(join(top, name), name))
const typescript = snippets.filter(({ language }) => language === 'ts')
const runnable = typescript.filter(({ needs }) => needs === undefined)
const shell = snippets.filter(({ language }) => language === 'sh')

const fileOf = ({ at }: Snippet, ending: string): string => join(programs, `${at.replace(/\W+/g, '-')}.${ending}`)

rmSync(programs, { recursive: true, force: true })
mkdirSync(programs)
for (const snippet of typescript) {
  writeFileSync(fileOf(snippet, 'mts'), snippet.code)
  const { code } = transformSync(snippet.code, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } })
  writeFileSync(fileOf(snippet, 'mjs'), code)
}

test('every README has code to try, and every piece of it is one that is tested here', () => {
  for (const name of readmes) expect(existsSync(join(top, name)) ? name : `${name} is missing`).toBe(name)
  expect(typescript.length).toBeGreaterThanOrEqual(readmes.length - 1)
  const languages = new Set(snippets.map(({ language }) => language))
  const tested = ['js', 'sh', 'text', 'ts', 'yaml']
  expect([...languages].sort()).toEqual(tested.filter((language) => languages.has(language)))
  // What is to be loaded before a program runs in opentelemetry.test.ts.
  const scripts = snippets.filter(({ language }) => language === 'js')
  expect(scripts.map(({ at }) => at.replace(/:.*/, ''))).toEqual(['packages/otel/README.md'])
})

test('the programs that need a server run in a test of their package', () => {
  const folders = snippets.flatMap(({ at, needs }) => (needs === undefined ? [] : [at.replace(/README\.md:.*/, '')]))
  for (const folder of new Set(folders)) expect(existsSync(join(top, folder, 'test', 'readme.test.ts'))).toBe(true)
})

test('the programs pass the type checker, as a user of each package has it', () => {
  const options = { extends: '../../../tsconfig.base.json', include: ['*.mts'] }
  const compilerOptions = {
    noEmit: true,
    // The declarations of frameworks have mistakes of their own; packages.test.ts checks ours.
    skipLibCheck: true,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
  }
  writeFileSync(join(programs, 'tsconfig.json'), JSON.stringify({ ...options, compilerOptions }))
  execFileSync(join(top, 'node_modules', '.bin', 'tsc'), ['-p', programs], { encoding: 'utf8' })
})

describe('the program at', () => {
  test.each(runnable.map((snippet) => [snippet.at, snippet] as const))('%s runs', async (_at, snippet) => {
    const printed = snippet.get === undefined ? runToEnd(snippet) : await runAndGet(snippet, snippet.get)
    if (snippet.prints !== undefined) expect(masked(printed)).toBe(masked(snippet.prints))
  })
})

function runToEnd(snippet: Snippet): string {
  const cwd = mkdtempSync(join(scratch, 'run-'))
  return execFileSync(process.execPath, [fileOf(snippet, 'mjs')], { cwd, encoding: 'utf8', timeout: 100_000 })
}

/** Starts a program that stays up, with a free port in PORT; gets a path from it; and ends it as a deployment would. */
async function runAndGet(snippet: Snippet, path: string): Promise<string> {
  const cwd = mkdtempSync(join(scratch, 'run-'))
  const port = await freePort()
  const child = spawn(process.execPath, [fileOf(snippet, 'mjs')], { cwd, env: { ...process.env, PORT: `${port}` } })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  child.stderr.on('data', (text) => {
    printed += text
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    const answer = await getOnceUp(`http://localhost:${port}${path}`)
    expect(answer.status).toBe(200)
    const isTraced = /trace(Fastify|Express|Node)\b/.test(snippet.code)
    if (isTraced) expect(answer.headers.get('X-Request-Id')).toMatch(/^\d+$/)
    await answer.arrayBuffer()
    await new Promise((resolve) => setTimeout(resolve, 150))
  } finally {
    child.kill('SIGTERM')
    await ended
  }
  const written = readdirSync(cwd)
  if (written.length > 0) expect(readFileSync(join(cwd, written[0] ?? ''), 'utf8')).toContain('\nspan_id: ')
  return printed
}

async function getOnceUp(url: string): Promise<Response> {
  for (let turn = 0; ; turn++) {
    try {
      return await fetch(url)
    } catch (error) {
      if (turn === 1_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** What differs from run to run is left out: numbers and their units, bars, and how wide columns are. */
function masked(text: string): string {
  return (
    text
      // A count of a whole is the same everywhere.
      .replace(/\b\d+ of \d+\b|\d+(\.\d+)?( (ns|µs|ms|s)\b)?/g, (text) => (text.includes(' of ') ? text : 'N'))
      .replace(/│[ █━░]+│/g, '││')
      .replace(/[ \t]+/g, ' ')
      .trim()
  )
}

test.each(
  shell.flatMap(({ at, code }) =>
    code
      .split('\n')
      .filter((line) => /^(npm|curl)/.test(line))
      .map((line) => [at, line]),
  ),
)('%s: `%s` names what there is', (_at, line) => {
  const { scripts } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  const known = readdirSync(join(top, 'packages')).map((name) => `@trace/${name}`)
  for (const command of (line ?? '').split('&&').map((part) => part.trim())) {
    const [, verb = '', rest = ''] = /^npm (\S+)\s*(.*)$/.exec(command) ?? []
    if (verb === 'install' || verb === 'i') {
      for (const name of rest.split(/\s+/).filter((word) => word.startsWith('@trace/'))) expect(known).toContain(name)
    } else if (verb !== '') expect(Object.keys(scripts)).toContain(verb === 'run' ? rest.split(' ')[0] : verb)
  }
})
