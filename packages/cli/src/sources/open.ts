import { open, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import type { TraceReader } from '@trace/core'
import { openReader } from '@trace/core/open'
import { type Context, EXIT, Failure, messageOf } from '../terminal/context.js'
import { isUrl, locate } from './locate.js'
import { unionOf } from './union.js'

/** How much of a file tells its format, in bytes. */
const LOOK = 65_536

/** Those that read several stores as one. */
const readersOfSeveral = new WeakSet<TraceReader>()

/** Whether a reader reads several stores as one, so that a span may stand in more than one of them. */
export function isOfSeveral(reader: TraceReader): boolean {
  return readersOfSeveral.has(reader)
}

/**
 * Opens the stores that were asked for as one; by default what `TRACE_RECORDER` says, or `traces.yaml`.
 *
 * @param asked paths, patterns and URLs
 * @param options whether files are read to their beginning, also where nothing newer is to be expected there. Default: false
 * @throws {Failure} if there is no such store, or its format is unknown
 */
export async function openSources(
  context: Context,
  asked: readonly string[],
  { whole = false }: { readonly whole?: boolean | undefined } = {},
): Promise<TraceReader> {
  const { cwd } = context
  const margin = whole ? { margin: Infinity } : {}
  const readers: TraceReader[] = []
  const files: Record<Format, string[]> = { yaml: [], jsonl: [] }
  const sources = await locate(asked, { cwd, env: context.process.env })
  for (const source of sources) {
    if (isUrl(source)) readers.push(openReader(source))
    else files[formatOfName(source) ?? (await formatOfContent(source))].push(fromHere(cwd, source))
  }
  if (files.yaml.length > 0) readers.push((await import('@trace/yamlrec')).yamlReader({ path: files.yaml, ...margin }))
  if (files.jsonl.length > 0)
    readers.push((await import('@trace/jsonrec')).jsonReader({ path: files.jsonl, ...margin }))
  const reader = unionOf(readers)
  if (sources.length > 1 || sources.some((source) => source.includes('*'))) readersOfSeveral.add(reader)
  return reader
}

/** A path as messages are to show it: as it is from the current folder, if it is below it. */
function fromHere(cwd: string, path: string): string {
  const shorter = relative(cwd, path)
  return cwd !== currentFolder() || shorter.startsWith('..') ? path : shorter
}

function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    // It was removed.
    return undefined
  }
}

type Format = 'yaml' | 'jsonl'

function formatOfName(path: string): Format | undefined {
  const name = path
    .replace(/\*$/, '')
    .replace(/\.gz$/, '')
    .replace(/\.\d+$/, '')
  if (/\.ya?ml$/.test(name)) return 'yaml'
  return /\.(?:jsonl|ndjson)$/.test(name) ? 'jsonl' : undefined
}

async function formatOfContent(path: string): Promise<Format> {
  if (path.includes('*')) {
    throw new Failure(
      `cannot tell the format of ${path}: a pattern needs an ending such as .yaml or .jsonl. Name the files one by one`,
    )
  }
  const text = await beginningOf(path)
  // Of the line's own keys: data of another system's spans may have one of that name.
  if (/^\s*\{[^{}[\]]*"span_id"\s*:/m.test(text)) return 'jsonl'
  if (/^---|^span_id:/m.test(text)) return 'yaml'
  const what =
    text.trim() === '' ? 'it is empty' : 'neither YAML documents nor JSON lines of spans are in its beginning'
  throw new Failure(
    `cannot tell the format of ${path}: ${what}. Spans of another system's format are read by: trace import ${path}`,
    EXIT.unreadable,
  )
}

async function beginningOf(path: string): Promise<string> {
  try {
    // To open a pipe would wait for its other end.
    const stats = await stat(path)
    if (!stats.isFile() && !stats.isDirectory())
      throw new Failure(
        `cannot read ${path}: it is a pipe, socket or device, which cannot be read more than once; save its output to a file, and read that`,
        EXIT.unreadable,
      )
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOK), 0, LOOK, 0)
      const bytes = buffer.subarray(0, bytesRead)
      return (bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpacked(bytes) : bytes).toString()
    } finally {
      await file.close()
    }
  } catch (error) {
    const message = messageOf(error, path)
    throw new Failure(message.startsWith('cannot') ? message : `cannot read ${path}: ${message}`, EXIT.unreadable)
  }
}

async function unpacked(bytes: Buffer): Promise<Buffer> {
  const { constants, gunzipSync } = await import('node:zlib')
  // The rest of the file is not there, and that is no error.
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
}
