import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { numberIn } from '../harness/child.js'
import type { Run, Sample, Side } from '../harness/row.js'
import { COMMAND, OLDEST, type Store, storeOf } from './store.js'

const USAGE = new URL('usage.js', import.meta.url).href
const READ = fileURLToPath(new URL('read.js', import.meta.url))
const READ_YAML = fileURLToPath(new URL('read-yaml.js', import.meta.url))
/** The sample for what takes too long for the whole file. */
const SAMPLE = 20_000
const SMALL = 20

export type ScriptName = 'bare' | 'help' | 'ls' | 'newest' | 'oldest' | 'stats' | 'read' | 'read-yaml'

/** What is asked of a generated store, by its path. */
const SCRIPTS: Readonly<Record<ScriptName, (path: string) => readonly string[]>> = {
  bare: () => ['-e', '0'],
  help: () => [COMMAND, '--help'],
  ls: (path: string) => [COMMAND, 'ls', path],
  newest: (path: string) => [COMMAND, 'show', 'last', path],
  oldest: (path: string) => [COMMAND, 'show', String(OLDEST), path],
  stats: (path: string) => [COMMAND, 'stats', path],
  read: (path: string) => [READ, path],
  'read-yaml': (path: string) => [READ_YAML, path],
}

/** Of which file a command is asked: the whole, a sample of it, or one of two traces. */
export type Size = 'whole' | 'sample' | 'small'

function sizeOf({ spans }: Run, size: Size): number {
  return size === 'whole' ? spans : Math.min(spans, size === 'sample' ? SAMPLE : SMALL)
}

/** Milliseconds from the start of a process to its end. */
export function timeOf(script: ScriptName, size: Size = 'whole'): Side {
  return running(script, size, ({ value, cpu }) => ({ value, cpu }))
}

/** The most memory that a process takes, in MB. */
export function peakOf(script: ScriptName): Side {
  return running(script, 'whole', ({ peak }) => ({ value: peak }))
}

interface Used {
  /** In ms. */
  readonly value: number
  readonly cpu: number
  /** In MB. */
  readonly peak: number
}

function running(script: ScriptName, size: Size, sampleOf: (used: Used) => Sample): Side {
  return async (run) => {
    const { path } = await storeOf(run.folder, sizeOf(run, size))
    const args = ['--import', USAGE, ...SCRIPTS[script](path)]
    // Brings its files into the cache of the file system.
    if (!run.quick) used(args)
    return { sample: async () => sampleOf(used(args)), close: async () => {} }
  }
}

function used(args: readonly string[]): Used {
  const before = performance.now()
  const { status, output } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, TRACE_RECORDER: '' },
  })
  const value = performance.now() - before
  if (status !== 0) throw new Error(`node ${args.slice(2).join(' ')} ended with code ${status}`)
  const told: Record<string, unknown> = JSON.parse(String(output[3]))
  return { value, cpu: numberIn(told, 'cpu'), peak: numberIn(told, 'peak') }
}

/** Another program, which counts the spans of the exported file by their names. */
export interface OtherProgram {
  readonly name: string
  args(exported: string): readonly string[]
}

export const JQ: OtherProgram = {
  name: 'jq',
  args: (exported) => ['-nc', 'reduce inputs as $span ({}; .[$span.name] += 1)', exported],
}

export const DUCKDB: OtherProgram = {
  name: 'duckdb',
  args: (exported) => [
    '-c',
    `SELECT name, count(*) FROM read_json_auto('${exported}', format = 'newline_delimited') GROUP BY name`,
  ],
}

/** Why a program cannot be compared with here; undefined if it can. */
export function missing({ name }: OtherProgram): string | undefined {
  return spawnSync(name, ['--version']).status === 0 ? undefined : `${name} is not installed`
}

/** Milliseconds that another program takes for the exported file. */
export function timeOfOther({ name, args }: OtherProgram): Side {
  return async (run) => {
    const exported = await (await exportedOf(run)).exported()
    const sample = async (): Promise<Sample> => {
      const before = performance.now()
      const { status, stdout } = spawnSync(name, args(exported), { encoding: 'utf8' })
      if (status !== 0 || !stdout.includes('operation 8')) throw new Error(`${name} ended with code ${status}`)
      return { value: performance.now() - before }
    }
    return { sample, close: async () => {} }
  }
}

function exportedOf(run: Run): Promise<Store> {
  return storeOf(run.folder, sizeOf(run, 'whole'))
}
