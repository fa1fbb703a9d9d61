import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The programs of a user, as ES modules. */
const programs = fileURLToPath(new URL('../programs', import.meta.url))

/** What `service.mjs` prints. */
export const SERVICE_PRINTS: readonly string[] = [
  'request gateway',
  'client GET 127.0.0.1',
  'request GET /orders/:id',
  'client GET 127.0.0.1',
  'request GET /stock/:item',
  'db count',
]

/** What `waits.mjs` prints. */
export const WAITS_PRINT = {
  lost: [],
  tree: [
    'client GET 127.0.0.1',
    '  request shop',
    '    cache SET',
    '    cache LPUSH failed',
    '    cache GET',
    '    cache INCR',
    '    db wait for a connection of the pool',
    '    db SELECT',
    '    db wait for a connection of the pool',
    '    db SELECT nowhere failed',
    '    work pack',
    '      work label',
    '    work render',
    '      work page',
  ],
} as const

/** What `bundle.mjs` prints. */
export const BUNDLE_PRINTS = {
  names: ['GET 127.0.0.1', 'a line', 'ask', 'asked', 'by hand', 'in memory'],
  skipped: 0,
  missing: 'TRACE_BAD_URL',
} as const

/** Writes the programs into a folder, as ES modules and as CommonJS. */
export function putPrograms(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of ['service', 'bundle']) {
    const source = join(programs, `${name}.mjs`)
    copyFileSync(source, join(folder, `${name}.mjs`))
    writeFileSync(join(folder, `${name}.cjs`), asCommonJs(readFileSync(source, 'utf8')))
  }
  for (const name of ['plain.test.js', 'typed.test.ts', 'waits.mjs', 'ends.mjs'])
    copyFileSync(join(programs, name), join(folder, name))
}

/** The same program with `require`. */
export function asCommonJs(program: string): string {
  return program.replace(
    /^import (?:\* as )?(\w+|\{[^}]*\}) from ('[^']*')/gm,
    (_all, names: string, from: string) => `const ${names.replace(/ as /g, ': ')} = require(${from})`,
  )
}

/** Whether what a program has printed is what it should. @throws where it is not */
export function expectPrinted(printed: string, expected: unknown): void {
  const last = printed.trim().split('\n').at(-1) ?? ''
  if (last !== JSON.stringify(expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${printed.slice(-2_000)}`)
}
