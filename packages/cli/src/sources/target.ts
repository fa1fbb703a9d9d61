import { resolve } from 'node:path'
import type { Recorder } from '@trace/core'
import { openRecorder } from '@trace/core/open'
import { Failure } from '../terminal/context.js'
import { isUrl } from './locate.js'

/**
 * Opens a store to write to: a URL, or a path whose ending tells its format.
 *
 * @throws {Failure} if the ending is unknown
 */
export async function openTarget(cwd: string, target: string): Promise<Recorder> {
  if (isUrl(target)) return openRecorder(target)
  const path = resolve(cwd, target)
  if (/\.ya?ml$/.test(target)) return (await import('@trace/yamlrec')).yamlRecorder({ path })
  if (/\.(?:jsonl|ndjson)$/.test(target)) return (await import('@trace/jsonrec')).jsonRecorder({ path })
  throw new Failure(
    `cannot tell the format of ${target}: write a file that ends in .yaml or .jsonl, or a URL such as yaml:${target}`,
  )
}
