import * as fs from 'node:fs'
import { promisify } from 'node:util'

/** A call of the file system: it is made synchronously when the process exits, and without blocking at any other time. */
interface Call {
  now(): void
  later(): Promise<void>
}

/** Work on files, which one of {@link doNow} and {@link doLater} does. */
export type Steps<T> = Generator<Call, T, void>

/** One step: a call that can be made either way. */
export function* step<T>(now: () => T, later: () => Promise<T>): Steps<T> {
  const results: T[] = []
  yield {
    now: () => {
      results.push(now())
    },
    later: async () => {
      results.push(await later())
    },
  }
  const [result] = results as [T]
  return result
}

/** Does the steps synchronously, for a process that exits. */
export function doNow<T>(steps: Steps<T>): T {
  let next = steps.next()
  while (next.done !== true) {
    try {
      next.value.now()
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next()
  }
  return next.value
}

/** Does the steps without blocking. */
export async function doLater<T>(steps: Steps<T>): Promise<T> {
  let next = steps.next()
  while (next.done !== true) {
    try {
      await next.value.later()
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next()
  }
  return next.value
}

const opened = promisify(fs.open)
const closed = promisify(fs.close)
const statsOfOpen = promisify(fs.fstat)
const synced = promisify(fs.fdatasync)

// By file descriptor: with a `FileHandle`, writing a batch takes twice as long.
export const openFile = (path: string, flags: string | number): Steps<number> =>
  step(
    () => fs.openSync(path, flags),
    () => opened(path, flags),
  )
export const closeFile = (fd: number): Steps<void> =>
  step(
    () => fs.closeSync(fd),
    () => closed(fd),
  )
export const statOpen = (fd: number): Steps<fs.Stats> =>
  step(
    () => fs.fstatSync(fd),
    () => statsOfOpen(fd),
  )
export const syncFile = (fd: number): Steps<void> =>
  step(
    () => fs.fdatasyncSync(fd),
    () => synced(fd),
  )
export const statPath = (path: string): Steps<fs.Stats> =>
  step(
    () => fs.statSync(path),
    () => fs.promises.stat(path),
  )
export const realPath = (path: string): Steps<string> =>
  step(
    () => fs.realpathSync(path),
    () => fs.promises.realpath(path),
  )
export const namesIn = (folder: string): Steps<string[]> =>
  step(
    () => fs.readdirSync(folder),
    () => fs.promises.readdir(folder),
  )
export const renameFile = (from: string, to: string): Steps<void> =>
  step(
    () => fs.renameSync(from, to),
    () => fs.promises.rename(from, to),
  )
/** Removes a file, if it is there. */
export const removeFile = (path: string): Steps<void> =>
  step(
    () => fs.rmSync(path, { force: true }),
    () => fs.promises.rm(path, { force: true }),
  )
