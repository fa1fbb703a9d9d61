import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EXIT, Failure } from '../terminal/context.js'

const ENDING = /\.(?:ya?ml|jsonl|ndjson)(?:\.\d+)?(?:\.gz)?\*?$/
const SCHEME = /^(?:(?:yaml|jsonl|dynamodb):|[a-z][a-z\d+.-]+:\/\/)/
const CONDITION = /^-?(?:@|(?:kind|service|name|process|host|trace|id|duration|status|span):)/

/** Whether an argument names a store, where a search may stand too: a URL of this project's stores, or
 * another with `://`, or a path with their ending. */
export function isSource(text: string): boolean {
  return !CONDITION.test(text) && (SCHEME.test(text) || (ENDING.test(text) && !/[\s"]/.test(text)))
}

/**
 * Tells which arguments name a store, where a search may stand too: also the path of a file that is there, whatever its ending. It has
 * a dot or a slash, so that no file takes the place of a plain word.
 *
 * @param cwd the folder that paths are relative to
 */
export function sourceIn(cwd: string): (text: string) => boolean {
  return (text) =>
    isSource(text) || (/^[^\s"]*[./][^\s"]*$/.test(text) && !CONDITION.test(text) && isFile(resolve(cwd, text)))
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Whether an argument may be the URL of a store that others made, such as `sqlite:traces.db`. */
export function mayBeSource(text: string): boolean {
  return isUrl(text) && !CONDITION.test(text)
}

/** Whether a source is a URL, not a path: a drive letter is no scheme. */
export function isUrl(source: string): boolean {
  return /^[a-z][a-z\d+.-]+:/.test(source)
}

/**
 * The stores that were asked for, each once: URLs, and absolute paths, which may have a `*`.
 *
 * @throws {Failure} if none was asked for, and there is no default
 */
export async function locate(
  asked: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<string[]> {
  if (asked.includes('-'))
    throw new Failure(
      'standard input cannot be read more than once: save it to a file, and read that. trace import - reads spans of another system from it',
    )
  if (asked.length === 0) return [await defaultSource(cwd, env['TRACE_RECORDER'])]
  return [...new Set(asked.map((source) => (isUrl(source) ? source : resolve(cwd, source))))]
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
