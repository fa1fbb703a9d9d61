import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { errorCode, TraceError } from '../values/errors.js'

/** Opening never waits for whoever is at the other end of a pipe. Windows has no such flag. */
const NONBLOCK: number = constants.O_NONBLOCK ?? 0
/** Append, and make the file where there is none. */
export const APPEND: number = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NONBLOCK

/**
 * A path that stays the same when the process changes its current folder.
 *
 * @param factory whose option it is, for the message
 * @throws {TraceError} `TRACE_BAD_OPTION` where it is relative, and the current folder was removed
 */
export function absolutePath(factory: string, path: string): string {
  if (isAbsolute(path)) return path
  try {
    // On others it is left as it is: what `..` means after a symbolic link is for the system to say.
    return process.platform === 'win32' ? resolve(path) : `${process.cwd().replace(/\/$/, '')}/${path}`
  } catch (cause) {
    const why = 'counts from the current folder, which was removed; give an absolute path'
    throw new TraceError('TRACE_BAD_OPTION', `${factory}: option "path": ${JSON.stringify(path)} ${why}`, { cause })
  }
}

/**
 * Opens a file for reading. What is no regular file is refused: opening a pipe would wait for its writer, and neither a pipe
 * nor a device can be read twice.
 *
 * @param name of the reader, for the message
 * @throws {TraceError} `TRACE_CANNOT_READ`: says what to do about it
 */
export async function openForReading(path: string, name: string): Promise<FileHandle> {
  try {
    // It is not opened to find out: the writer of a pipe would take that for its reader.
    const stats = await stat(path)
    if (!stats.isFile()) throw Object.assign(new Error(), { code: stats.isDirectory() ? 'EISDIR' : NO_FILE })
    return await open(path, constants.O_RDONLY | NONBLOCK)
  } catch (error) {
    const code = errorCode(error)
    const message = `${name}: cannot read ${path}: ${READ_ADVICE[code] ?? code}`
    throw new TraceError('TRACE_CANNOT_READ', message, { cause: error })
  }
}

const NO_FILE = 'ENOFILE'
const READ_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path, or record something first',
  EACCES: 'permission denied; run as a user who may read it, or change its permissions',
  EISDIR: 'it is a folder; give the path of a file in it',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  ELOOP: 'its symbolic links lead to each other; check the path',
  [NO_FILE]:
    'it is a pipe, socket or device, and files are read more than once; save what comes out of it to a file, and read that',
}
