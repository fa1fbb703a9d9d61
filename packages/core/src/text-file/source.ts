import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { errorMessage } from '../values/errors.js'

/** A file of a store, open for reading. */
export interface Source {
  /** Its name without its folder. */
  readonly name: string
  /** Of the file as it was opened. */
  readonly stats: Stats
  /** Whether it is unpacked. */
  readonly isGzip: boolean
  /** Why the rest cannot be read, once that is known. */
  readonly problem?: string | undefined
  /** Reads into the buffers, in turn. @returns how many bytes; 0 at the end */
  read(buffers: readonly Buffer[], position: number): Promise<number>
  statNow(): Promise<Stats>
  close(): Promise<void>
}

/** What a gzip file begins with: https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 */
const GZIP = 0x1f8b
/** How many bytes to unpack at a time. */
const CHUNK = 262_144

/** The source of an open file, which is unpacked if it is a gzip file. */
export async function sourceOf(file: FileHandle, name: string): Promise<Source> {
  const stats = await file.stat()
  const start = Buffer.alloc(2)
  await file.read(start, 0, 2, 0)
  if (start.readUInt16BE() === GZIP) return new GzipSource(file, name, stats)
  return {
    name,
    stats,
    isGzip: false,
    statNow: () => file.stat(),
    read: async (buffers, position) => (await file.readv(buffers, position)).bytesRead,
    close: () => file.close(),
  }
}

/** A compressed file. It is read from its start on: reading at an earlier position begins again, at a later one skips. */
class GzipSource implements Source {
  readonly name: string
  readonly stats: Stats
  readonly isGzip = true
  problem: string | undefined
  readonly #file: FileHandle
  #chunks: AsyncIterator<Buffer> | undefined
  /** What was unpacked and not read yet, and its place. */
  #rest: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(file: FileHandle, name: string, stats: Stats) {
    this.#file = file
    this.name = name
    this.stats = stats
  }

  async read(buffers: readonly Buffer[], position: number): Promise<number> {
    if (this.#chunks === undefined || position < this.#position) await this.#begin()
    let count = 0
    for (const buffer of buffers) {
      for (let filled = 0; filled < buffer.length; ) {
        if (!(await this.#forward(position + count))) return count
        const copied = this.#rest.copy(buffer, filled)
        filled += copied
        count += copied
        this.#drop(copied)
      }
    }
    return count
  }

  /** Unpacks until there are bytes from a position on. @returns false at the end */
  async #forward(position: number): Promise<boolean> {
    for (;;) {
      this.#drop(Math.min(this.#rest.length, position - this.#position))
      if (this.#rest.length > 0) return true
      try {
        const next = await this.#chunks?.next()
        if (next === undefined || next.done === true) return false
        this.#rest = next.value
      } catch (error) {
        this.problem = `the rest cannot be unpacked: ${errorMessage(error)}`
        return false
      }
    }
  }

  #drop(count: number): void {
    this.#rest = this.#rest.subarray(count)
    this.#position += count
  }

  async #begin(): Promise<void> {
    await this.#end()
    const [{ Readable }, { createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')])
    const packed = Readable.from(this.#packed(), { objectMode: false })
    const unpacked = createGunzip({ chunkSize: CHUNK })
    packed.on('error', (error) => unpacked.destroy(error))
    unpacked.on('close', () => packed.destroy())
    this.#chunks = packed.pipe(unpacked)[Symbol.asyncIterator]()
    this.#rest = Buffer.alloc(0)
    this.#position = 0
  }

  async *#packed(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async #end(): Promise<void> {
    await this.#chunks?.return?.()
    this.#chunks = undefined
  }

  async statNow(): Promise<Stats> {
    return this.#file.stat()
  }

  async close(): Promise<void> {
    await this.#end()
    await this.#file.close()
  }
}
