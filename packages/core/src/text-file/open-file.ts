import { type FileHandle, open } from 'node:fs/promises'
import { TraceError } from '../values/errors.js'

/**
 * Opens a file for reading.
 *
 * @param name of the reader, for the message
 * @throws {TraceError} `TRACE_CANNOT_READ`: says what to do about it
 */
export async function openForReading(path: string, name: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r')
    if (!(await file.stat()).isDirectory()) return file
    await file.close()
  } catch (error) {
    throw cannotRead(path, name, error)
  }
  throw cannotRead(path, name, Object.assign(new Error(), { code: 'EISDIR' }))
}

function cannotRead(path: string, name: string, cause: unknown): TraceError {
  const code = errorCode(cause)
  return new TraceError('TRACE_CANNOT_READ', `${name}: cannot read ${path}: ${READ_ADVICE[code] ?? code}`, { cause })
}

const READ_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path, which counts from the current folder, or record something first',
  EACCES: 'permission denied; run as a user who may read it, or change its permissions',
  EISDIR: 'it is a folder; give the path of a file in it',
  ENOTDIR: 'a part of the path is not a folder; check the path',
}

/** The code of a system error, such as `ENOENT`, or else its message. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : String(Reflect.get(error, 'message'))
}
