import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errorCode, TraceError } from '../values/errors.js'
import { openForReading } from './open-file.js'
import { isSameFile, isSideFile, type RotatedFile, rotatedFiles } from './rotated.js'
import { type Source, sourceOf } from './source.js'

/** How often to begin again if files are renamed while they are opened. Only fast rotation by others comes in the way twice. */
const TRIES = 3

/**
 * The files that a path stands for: itself, or, if it has a `*` and there is no such file, those that match. A `*` stands for any part
 * of a name. Files that were rotated are left out: they belong to the file that they were.
 */
export async function filesOf(path: string): Promise<string[]> {
  if (!path.includes('*') || (await stat(path).catch(() => undefined)) !== undefined) return [path]
  let found = ['']
  for (const [at, part] of path.split('/').entries()) {
    const next: string[] = []
    for (const folder of found) {
      const start = at === 0 ? '' : `${folder}/`
      if (part.includes('*')) for (const name of await namesLike(start, part)) next.push(start + name)
      else next.push(start + part)
    }
    found = next
  }
  return found.filter((file) => !found.some((other) => isSideFile(file, other))).sort()
}

async function namesLike(folder: string, pattern: string): Promise<string[]> {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  const names = await readdir(folder === '' ? '.' : folder).catch(() => [])
  return names.filter((name) => expression.test(name) && (!name.startsWith('.') || pattern.startsWith('.')))
}

/** Opens several stores. @throws {TraceError} `TRACE_CANNOT_READ` if there is no file, or one cannot be opened */
export async function openStores(paths: readonly string[], reader: string): Promise<Source[][]> {
  const stores: Source[][] = []
  try {
    for (const path of paths) {
      const files = await filesOf(path)
      for (const file of files) stores.push(await openStore(file, reader, paths.length > 1 || files.length > 1))
      if (files.length === 0)
        throw new TraceError('TRACE_CANNOT_READ', `${reader}: cannot read ${path}: no file matches it`)
    }
  } catch (error) {
    await closeAll(stores.flat())
    throw error
  }
  return stores
}

/**
 * Opens a file and its rotated files, as one store. What was written before the call is in them, once, even if the file is rotated
 * meanwhile: for that, the file itself is opened first.
 *
 * @param reader the name of the reader, for messages
 * @param isOneOfMany whether sources are to be called by their whole path
 * @returns the files by the time of their last write, and the one that is written to as the last
 * @throws {TraceError} `TRACE_CANNOT_READ` if there is no file, or one cannot be opened
 */
async function openStore(path: string, reader: string, isOneOfMany: boolean): Promise<Source[]> {
  for (let tries = 1; ; tries++) {
    const sources: Source[] = []
    try {
      const open = (file: string): Promise<Source> => openSource(file, reader, isOneOfMany ? file : basename(file))
      const missing = await openInto(sources, path, open)
      const current = sources.length
      const isStill = await openRotated(sources, await listRotated(path), open)
      if (sources.length === 0 && missing !== undefined) throw missing
      if (isStill || tries === TRIES) return [...sources.slice(current).sort(byLastWrite), ...sources.slice(0, current)]
    } catch (error) {
      await closeAll(sources)
      throw error
    }
    await closeAll(sources)
  }
}

export async function closeAll(sources: readonly Source[]): Promise<void> {
  for (const source of sources) await source.close()
}

/** The rotated files of a file; none if its folder cannot be listed. */
export async function listRotated(path: string): Promise<RotatedFile[]> {
  try {
    // Of a symbolic link, the file is rotated, not the link.
    const real = await realpath(path).catch(() => path)
    return rotatedFiles(real, await readdir(dirname(real)))
  } catch {
    return []
  }
}

type Open = (path: string) => Promise<Source>

/** @returns false if files were renamed or deleted meanwhile */
async function openRotated(sources: Source[], listed: readonly RotatedFile[], open: Open): Promise<boolean> {
  let isStill = true
  for (const { path, gzip } of listed) {
    const before = sources.length
    let missing = await openInto(sources, path, open)
    if (missing !== undefined && !gzip) missing = await openInto(sources, `${path}.gz`, open)
    if (missing !== undefined || sources.length === before) isStill = false
  }
  return isStill
}

/** Opens a file, unless it is open already. @returns the error if there is no such file */
async function openInto(sources: Source[], path: string, open: Open): Promise<TraceError | undefined> {
  try {
    const source = await open(path)
    if (sources.some(({ stats }) => isSameFile(stats, source.stats))) await source.close()
    else sources.push(source)
  } catch (error) {
    if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return error
    throw error
  }
  return undefined
}

/** @throws {TraceError} `TRACE_CANNOT_READ` */
export async function openSource(path: string, reader: string, name: string = basename(path)): Promise<Source> {
  const file = await openForReading(path, reader)
  try {
    return await sourceOf(file, { name, path })
  } catch (error) {
    await file.close()
    throw error
  }
}

function byLastWrite(a: Source, b: Source): number {
  return a.stats.mtimeMs - b.stats.mtimeMs
}
