import { type FileHandle, open, unlink } from 'node:fs/promises'
import { EXIT, Failure, messageOf } from '../terminal/context.js'

/** How many characters are written at once, so that small texts need few writes. */
const WRITE = 262_144

/**
 * Writes a file that is not there yet. Where this fails, or there is nothing to keep, no file is left behind.
 *
 * @param isKept says, once all texts have come, whether the file is to be kept
 * @throws {Failure} if there is such a file, which stays as it is, or if it cannot be written
 */
export async function newFile(path: string, texts: AsyncIterable<string>, isKept: () => boolean): Promise<void> {
  const file = await created(path)
  try {
    let waiting = ''
    for await (const text of texts) {
      waiting += text
      if (waiting.length < WRITE) continue
      await append(file, path, waiting)
      waiting = ''
    }
    await append(file, path, waiting)
    await file.close()
    if (isKept()) return
  } catch (error) {
    await file.close().catch(() => {})
    // What went wrong first is what a person has to know.
    await unlink(path).catch(() => {})
    throw error
  }
  await unlink(path)
}

async function created(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx')
  } catch (error) {
    if (typeof error !== 'object' || error === null || Reflect.get(error, 'code') !== 'EEXIST') throw error
    throw new Failure(`${path} is there already; remove it, or choose another --out`)
  }
}

async function append(file: FileHandle, path: string, text: string): Promise<void> {
  try {
    await file.appendFile(text)
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${messageOf(error)}`, EXIT.unreadable)
  }
}
