import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { errorCode, TraceError } from '../values/errors.js'

/** Opening a pipe must not wait for its other end. Windows has no such flag. */
const NONBLOCK: number = constants.O_NONBLOCK ?? 0
/** Append, and create the file if there is none. */
export const APPEND: number = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NONBLOCK

/**
 * Makes a path absolute, so that the process may change its current folder.
 *
 * @param factory the function that has the option, for the message
 * @throws {TraceError} `TRACE_BAD_OPTION` if the path is relative and the current folder was removed
 */
export function absolutePath(factory: string, path: string): string {
  if (isAbsolute(path)) return path
  try {
    // Elsewhere the system must resolve it: what `..` means after a symbolic link depends on that link.
    return process.platform === 'win32' ? resolve(path) : `${process.cwd().replace(/\/$/, '')}/${path}`
  } catch (cause) {
    const why = 'is relative to the current folder, which was removed; give an absolute path'
    throw new TraceError('TRACE_BAD_OPTION', `${factory}: option "path": ${JSON.stringify(path)} ${why}`, { cause })
  }
}

/**
 * Opens a regular file for reading. Others are refused: opening a pipe would wait for its writer, and neither a pipe nor a device
 * can be read twice.
 *
 * @param name the name of the reader, for the message
 * @throws {TraceError} `TRACE_CANNOT_READ` with advice
 */
export async function openForReading(path: string, name: string): Promise<FileHandle> {
  try {
    // This does not open the file: the writer of a pipe would think that its reader is there.
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
  ELOOP: 'its symbolic links form a circle; check the path',
  [NO_FILE]:
    'it is a pipe, socket or device, which cannot be read more than once; save its output to a file, and read that',
}
