import { readdir, realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errorCode, TraceError } from '../values/errors.js'
import { openForReading } from './open-file.js'
import { isSameFile, type RotatedFile, rotatedFiles } from './rotated.js'
import { type Source, sourceOf } from './source.js'

/** How often to begin again if files are renamed while they are opened. Only fast rotation by others comes in the way twice. */
const TRIES = 3

/**
 * Opens a file and its rotated files, as one store. What was written before the call is in them, once, even if the file is rotated
 * meanwhile: for that, the file itself is opened first.
 *
 * @param reader the name of the reader, for messages
 * @returns the files by the time of their last write, and the one that is written to as the last
 * @throws {TraceError} `TRACE_CANNOT_READ` if there is no file, or one cannot be opened
 */
export async function openStore(path: string, reader: string): Promise<Source[]> {
  for (let tries = 1; ; tries++) {
    const sources: Source[] = []
    try {
      const missing = await openInto(sources, path, reader)
      const current = sources.length
      const isStill = await openRotated(sources, await listRotated(path), reader)
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

/** @returns false if files were renamed or deleted meanwhile */
async function openRotated(sources: Source[], listed: readonly RotatedFile[], reader: string): Promise<boolean> {
  let isStill = true
  for (const { path, gzip } of listed) {
    const before = sources.length
    let missing = await openInto(sources, path, reader)
    if (missing !== undefined && !gzip) missing = await openInto(sources, `${path}.gz`, reader)
    if (missing !== undefined || sources.length === before) isStill = false
  }
  return isStill
}

/** Opens a file, unless it is open already. @returns the error if there is no such file */
async function openInto(sources: Source[], path: string, reader: string): Promise<TraceError | undefined> {
  try {
    const source = await openSource(path, reader)
    if (sources.some(({ stats }) => isSameFile(stats, source.stats))) await source.close()
    else sources.push(source)
  } catch (error) {
    if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return error
    throw error
  }
  return undefined
}

/** @throws {TraceError} `TRACE_CANNOT_READ` */
export async function openSource(path: string, reader: string): Promise<Source> {
  const file = await openForReading(path, reader)
  try {
    return await sourceOf(file, basename(path))
  } catch (error) {
    await file.close()
    throw error
  }
}

function byLastWrite(a: Source, b: Source): number {
  return a.stats.mtimeMs - b.stats.mtimeMs
}
