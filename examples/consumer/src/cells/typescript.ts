import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entriesOf, publishedPackages } from '../packed.js'
import { run } from '../run.js'

const script = fileURLToPath(new URL('../../programs/types.cjs', import.meta.url))
/** A compiler makes much garbage at once: with these Node spends less of the time on it. */
const LESS_COLLECTING = ['--single-threaded-gc', '--max-semi-space-size=64']

export type Resolution = 'node10' | 'node16' | 'nodenext' | 'bundler'

/** How a user's project is compiled. */
export interface Compilation {
  /** Such as 5.4. */
  readonly version: number
  readonly resolution: Resolution
  readonly exactOptionalPropertyTypes: boolean
  /** Packages that are left out. Default none. */
  readonly without?: readonly string[]
}

const FILES: Readonly<Record<Resolution, readonly string[]>> = {
  node10: ['use.ts'],
  node16: ['use.mts', 'use.cts'],
  nodenext: ['use.mts', 'use.cts'],
  bundler: ['use.ts'],
}
const MODULES: Readonly<Record<Resolution, string>> = {
  node10: 'commonjs',
  node16: 'node16',
  nodenext: 'nodenext',
  bundler: 'esnext',
}

/** What can be imported, with its types; and a mistake that must be found, or no types were. */
function source(without: readonly string[]): string {
  const entries = publishedPackages()
    .filter(({ manifest }) => !without.includes(manifest.name))
    .flatMap(({ manifest }) => entriesOf(manifest))
  const uses = entries.map(
    (entry, at) => `import type * as entry${at} from '${entry}'\nexport type Entry${at} = typeof entry${at}`,
  )
  return `${uses.join('\n')}
import { createTracer, memoryRecorder, span, type Span } from '@trace/core'
import { traceFastify } from '@trace/http/fastify'
import fastify from 'fastify'
const recorder = memoryRecorder()
export const tracer = createTracer({ recorder, service: 'users' })
export const result: Promise<number> = tracer.trace('task', 'name', async (s) => {
  s.data['n'] = 1
  return span('a', 'b', () => 2)
})
export const spans: readonly Span[] = recorder.spans
const app = fastify()
app.register(traceFastify, { tracer })
app.get('/', (request) => request.span?.traceId.toString())
// @ts-expect-error: the recorder is missing
createTracer({})
`
}

/**
 * Compiles a use of all packages, declarations included.
 *
 * @param compiler its `tsc`
 * @returns how many mistakes there are in declarations of others, such as those of a dependency that takes a newer compiler
 * @throws where there is a mistake in ours
 */
export async function compile(project: string, compiler: string, compilation: Compilation): Promise<number> {
  const folder = projectOf(project, compilation)
  try {
    return await countOthersMistakes([compiler, '-p', folder, '--pretty', 'false'], folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Does so in several ways, in one process. The declarations of others are read but not checked, in which the compiler spends two thirds of
 * its time. Only a compiler that is written in JavaScript can do that.
 *
 * @throws where there is a mistake in ours
 */
export async function compileOurs(
  project: string,
  compiler: string,
  compilations: readonly Compilation[],
): Promise<void> {
  const folders = compilations.map((compilation) => projectOf(project, compilation))
  try {
    await countOthersMistakes(
      [...LESS_COLLECTING, script, join(dirname(compiler), '..', 'lib', 'typescript.js'), ...folders],
      project,
    )
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns the folder of a new project inside another */
function projectOf(project: string, compilation: Compilation): string {
  const { version, resolution, exactOptionalPropertyTypes, without = [] } = compilation
  const folder = mkdtempSync(join(project, `types-${resolution}-`))
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: MODULES[resolution],
    moduleResolution: resolution,
    esModuleInterop: true,
    types: ['node'],
    skipLibCheck: false,
    exactOptionalPropertyTypes,
    // It calls node10 a thing of the past.
    ...(version >= 6 && resolution === 'node10' ? { ignoreDeprecations: '6.0' } : {}),
  }
  const files = FILES[resolution]
  for (const file of files) writeFileSync(join(folder, file), source(without))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  return folder
}

async function countOthersMistakes(args: readonly string[], folder: string): Promise<number> {
  const printed = await run(process.execPath, args, { cwd: folder }).catch((error: Error) => ({ all: error.message }))
  const mistakes = printed.all.split('\n').filter((line) => /error TS\d+/.test(line))
  const ours = mistakes.filter((line) => !/node_modules\/(?!@trace\/)[^:]*\(\d+,\d+\): error/.test(line))
  if (ours.length > 0) throw new Error(ours.slice(0, 10).join('\n'))
  if (mistakes.length === 0 && printed.all.trim() !== '') throw new Error(printed.all)
  return mistakes.length
}
