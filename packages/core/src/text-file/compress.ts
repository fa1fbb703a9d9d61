import { type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { errorCode } from '../values/errors.js'
import { setTimeout } from '../values/timers.js'
import { isSameFile, rotatedFiles, WRITABLE } from './rotated.js'

/** How many bytes to compress at once, each as a gzip member of its own: more saves next to nothing. */
const CHUNK = 1024 * 1024
/** Time between two chunks, in ms, so that compressing takes no thread from the program for long. */
const PAUSE = 10
/** A file that a process compresses grows every second. One that has not grown for so long, in ms, is left of one that was killed. */
const STALE = 60_000

/** Compresses rotated files in the background: all but the newest one, which others may still be writing to. */
export class Compressor {
  readonly #path: string
  readonly #fsync: boolean
  readonly #failed: (error: unknown) => void
  #running: Promise<void> | undefined
  /** Whether there is more to do since it runs. */
  #again = false
  #closed = false

  /**
   * @param fsync whether to wait until a compressed file is on the disk before the plain one is deleted
   * @param failed is told why a file could not be compressed
   */
  constructor(path: string, fsync: boolean, failed: (error: unknown) => void) {
    this.#path = path
    this.#fsync = fsync
    this.#failed = failed
  }

  start(): void {
    if (this.#closed) return
    this.#again = this.#running !== undefined
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#again) this.start()
    })
  }

  /** Stops, and gives up the file under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      const path = await realpath(this.#path)
      const rotated = rotatedFiles(path, await readdir(dirname(path)))
      for (const { path: plain, gzip } of rotated.slice(0, -1)) if (!gzip && !this.#closed) await this.#compress(plain)
    } catch (error) {
      // Another process has deleted it, or compresses it.
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') this.#failed(error)
    }
  }

  async #compress(plain: string): Promise<void> {
    const unfinished = `${plain}.gz.tmp`
    await removeStale(unfinished)
    const from = await open(plain, 'r')
    try {
      const stats = await from.stat()
      const to = await open(unfinished, 'wx', stats.mode | WRITABLE)
      try {
        await this.#replace(plain, from, to)
      } finally {
        // Once it is renamed, another process may have begun one of that name: without it, that one's bytes came under the final name.
        if (await isStill(unfinished, to)) await rm(unfinished, { force: true })
        await to.close()
      }
    } finally {
      await from.close()
    }
  }

  /** The plain file is whole until the compressed one is, so that whoever is killed in between loses nothing. */
  async #replace(plain: string, from: FileHandle, to: FileHandle): Promise<void> {
    // Who opened it before it was renamed may have written until now. Who writes from now on sees this, and writes again, elsewhere.
    await from.chmod((await from.stat()).mode & ~WRITABLE)
    const stats = await from.stat()
    await this.#copy(from, to, stats.size)
    if (this.#closed || !isSameFile(await stat(plain), stats)) return
    await to.utimes(stats.atime, stats.mtime)
    if (this.#fsync) await to.datasync()
    // A process that slept for long finds that another took its file for one that a killed process left, and began its own.
    if (!(await isStill(`${plain}.gz.tmp`, to))) return
    await rename(`${plain}.gz.tmp`, `${plain}.gz`)
    await rm(plain)
  }

  async #copy(from: FileHandle, to: FileHandle, size: number): Promise<void> {
    const { gzip } = await import('node:zlib')
    const chunk = Buffer.allocUnsafe(CHUNK)
    let at = 0
    do {
      const { bytesRead } = await from.read(chunk, 0, Math.min(CHUNK, size - at), at)
      // Of an empty file too: one of no bytes is not a gzip file. It is left of a process that was killed as it rotated.
      if (bytesRead === 0 && at > 0) return
      await to.writeFile(await promisify(gzip)(chunk.subarray(0, bytesRead)))
      at += bytesRead
      if (at < size) await pause()
    } while (at < size && !this.#closed)
  }
}

/** Whether a path leads to a file that is open. */
async function isStill(path: string, file: FileHandle): Promise<boolean> {
  try {
    return isSameFile(await stat(path), await file.stat())
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** It does not keep the process from ending. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE).unref()
  })
}

async function removeStale(path: string): Promise<void> {
  try {
    if (Math.abs(Date.now() - (await stat(path)).mtimeMs) > STALE) await rm(path, { force: true })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
