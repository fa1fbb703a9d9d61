import { type FileHandle, open } from 'node:fs/promises'
import { TraceError } from '@trace/core'
import type { Piece, Scanner } from './scan.js'

/** How a file is read. */
export interface ReadRange {
  /** Where to begin, in bytes. Default 0. */
  readonly from?: number
  /** Where to stop, in bytes. Default: where the file ends. */
  readonly to?: number
  /** Only documents that hold these bytes. */
  readonly needle?: Buffer
  readonly signal?: AbortSignal | undefined
}

/** Calls `each` for the documents of a file, one after the other; what it is given is valid during the call only. */
export async function readPieces(
  file: FileHandle,
  scanner: Scanner,
  range: ReadRange,
  each: (piece: Piece) => void,
): Promise<void> {
  const { to = Infinity, needle, signal } = range
  let position = range.from ?? 0
  for (;;) {
    signal?.throwIfAborted()
    const room = scanner.room()
    const { bytesRead } = await file.read(room, 0, Math.min(room.length, to - position), position)
    scanner.filled(bytesRead)
    position += bytesRead
    const final = bytesRead === 0 || position >= to
    for (const piece of scanner.pieces(final, needle)) each(piece)
    if (final) return
  }
}

/**
 * Opens a file for reading.
 *
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

/** The error of a file that cannot be read. */
export function cannotRead(path: string, name: string, cause: unknown): TraceError {
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
