import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EXIT, Failure } from '../terminal/context.js'

const ENDING = /\.(?:ya?ml|jsonl|ndjson)(?:\.\d+)?(?:\.gz)?\*?$/
const SCHEME = /^(?:yaml|jsonl|dynamodb):/
const CONDITION = /^-?(?:@|(?:kind|service|name|process|host|trace|id|duration|status|span):)/

/** Whether an argument names a store, where a search may stand too: a URL of this project's stores, or a path with their ending. */
export function isSource(text: string): boolean {
  return SCHEME.test(text) || (ENDING.test(text) && !CONDITION.test(text) && !/[\s"]/.test(text))
}

/** Whether a source is a URL, not a path: a drive letter is no scheme. */
export function isUrl(source: string): boolean {
  return /^[a-z][a-z\d+.-]+:/.test(source)
}

/**
 * The stores that were asked for, each once: patterns as the files that they match, and rotated files only where what they were
 * rotated from is not there too, since its reader reads them.
 *
 * @throws {Failure} if a pattern matches no file, or there is no default
 */
export async function locate(
  asked: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<string[]> {
  if (asked.length === 0) return [await defaultSource(cwd, env['TRACE_RECORDER'])]
  const all: string[] = []
  for (const source of asked) {
    if (isUrl(source)) all.push(source)
    else if (/[*?]/.test(source)) all.push(...(await matching(cwd, source)))
    else all.push(resolve(cwd, source))
  }
  const found = new Set(all)
  return [...found].filter((source) => {
    const rotatedFrom = /^(.+)\.\d+(?:\.gz)?$/.exec(source)?.[1]
    return rotatedFrom === undefined || !found.has(rotatedFrom)
  })
}

async function defaultSource(cwd: string, recorder: string | undefined): Promise<string> {
  if (recorder !== undefined && recorder !== '') return recorder
  const path = resolve(cwd, 'traces.yaml')
  if (await stat(path).catch(() => undefined)) return path
  throw new Failure(
    `there is no traces.yaml in ${cwd}, and TRACE_RECORDER is not set. Say where the traces are: a file such as logs/traces.yaml, or a URL such as dynamodb://Traces`,
    EXIT.unreadable,
  )
}

/** The files that a pattern matches: `*` and `?` stand for what is in one name. */
async function matching(cwd: string, pattern: string): Promise<string[]> {
  let paths = [pattern.startsWith('/') ? '/' : cwd]
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    if (!/[*?]/.test(part)) {
      paths = paths.map((path) => join(path, part))
      continue
    }
    const escaped = part.replace(/[.+^${}()|[\]\\]/g, '\\$&')
    const wanted = new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`)
    const found: string[] = []
    for (const path of paths) {
      const names = await readdir(path).catch(() => [])
      found.push(...names.filter((name) => wanted.test(name)).map((name) => join(path, name)))
    }
    paths = found.sort()
  }
  const files: string[] = []
  for (const path of paths) if ((await stat(path).catch(() => undefined))?.isFile() === true) files.push(path)
  if (files.length === 0) throw new Failure(`no file matches ${pattern}`, EXIT.unreadable)
  return files
}
