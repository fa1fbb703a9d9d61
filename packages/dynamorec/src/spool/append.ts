import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { nameOf } from '../table/symptoms.js'

/**
 * Appends all of the bytes to a file, or none of them.
 *
 * @returns the file, open; undefined if it was moved or deleted before or during the write
 */
export function appendTo(path: string, bytes: Buffer, isNew: boolean): number | undefined {
  const file = openToAppend(path, isNew)
  if (file === undefined) return undefined
  try {
    writeWhole(file, bytes)
    // Another process may have claimed it meanwhile, and have read it to its end before this write.
    if (isAt(file, path)) return file
  } catch (error) {
    closeSync(file)
    if (isNew) rmSync(path, { force: true })
    throw error
  }
  closeSync(file)
  return undefined
}

function writeWhole(file: number, bytes: Buffer): void {
  const before = fstatSync(file).size
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  } catch (error) {
    ftruncateSync(file, before)
    throw error
  }
}

function openToAppend(path: string, isNew: boolean): number | undefined {
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants
  try {
    return openSync(path, O_WRONLY | O_APPEND | (isNew ? O_CREAT | O_EXCL : 0), 0o666)
  } catch (error) {
    if (!isNew && nameOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function isAt(file: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true })
  const { ino, dev } = fstatSync(file, { bigint: true })
  return there !== undefined && there.ino === ino && there.dev === dev
}

/** Closes a file once its bytes are on the disk. */
export async function closeOnDisk(file: number): Promise<void> {
  try {
    await promisify(fsync)(file)
  } catch (error) {
    failUnlessUnable(error)
  } finally {
    closeSync(file)
  }
}

/** {@link closeOnDisk}, synchronously. */
export function closeOnDiskSync(file: number): void {
  try {
    fsyncSync(file)
  } catch (error) {
    failUnlessUnable(error)
  } finally {
    closeSync(file)
  }
}

/** Some network and user-space file systems do not support `fsync`: what they took counts as kept. */
function failUnlessUnable(error: unknown): void {
  if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes(nameOf(error))) throw error
}
