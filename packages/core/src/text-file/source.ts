import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { errorMessage } from '../values/errors.js'
import { isContainerLog, type LineStart, lineStarts, withoutPrefixes } from './container-log.js'

/** A file of a store, open for reading. */
export interface Source {
  /** Its name, for messages. */
  readonly name: string
  readonly path: string
  /** Of the file as it was opened. */
  readonly stats: Stats
  /** Whether its text is made while it is read, from the start on, so that places in it are none in the file. */
  readonly isSequential: boolean
  /** Why the rest cannot be read, once that is known. */
  readonly problem?: string | undefined
  /** Reads into the buffers, in turn. @returns how many bytes; 0 at the end */
  read(buffers: readonly Buffer[], position: number): Promise<number>
  statNow(): Promise<Stats>
  /** The same text, for reads that go another way through it. Closing it closes no file. */
  again(): Source
  /** The lengths of its lines and where these stand in the file, if they are not those of the file. */
  lineStarts?(): AsyncGenerator<LineStart>
  close(): Promise<void>
}

/** What a file is called. */
export interface Named {
  readonly name: string
  readonly path: string
}

/** What a gzip file begins with: https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 */
const GZIP = 0x1f8b
/** How many bytes to unpack at a time. */
const CHUNK = 262_144

/** The source of an open file. A gzip file is unpacked; of a container runtime's log, it is what the program has printed. */
export async function sourceOf(file: FileHandle, named: Named): Promise<Source> {
  const stats = await file.stat()
  const start = Buffer.alloc(2)
  await file.read(start, 0, 2, 0)
  const source = start.readUInt16BE() === GZIP ? gzipSource(file, named, stats) : plainSource(file, named, stats)
  const head = Buffer.alloc(80)
  const count = await source.read([head], 0)
  if (!isContainerLog(head.subarray(0, count))) return source
  return new SequentialSource(source, {
    begin: async (from) => withoutPrefixes(from),
    lineStarts: (from) => lineStarts(from),
  })
}

function plainSource(file: FileHandle, named: Named, stats: Stats): Source {
  const source: Source = {
    ...named,
    stats,
    isSequential: false,
    read: async (buffers, position) => (await file.readv(buffers, position)).bytesRead,
    statNow: () => file.stat(),
    again: () => ({ ...source, close: async () => {} }),
    close: () => file.close(),
  }
  return source
}

function gzipSource(file: FileHandle, named: Named, stats: Stats): Source {
  const begin = async (): Promise<AsyncIterator<Buffer>> => {
    const [{ Readable }, { createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')])
    const packed = Readable.from(bytesOf(file), { objectMode: false })
    const unpacked = createGunzip({ chunkSize: CHUNK })
    packed.on('error', (error) => unpacked.destroy(error))
    unpacked.on('close', () => packed.destroy())
    return packed.pipe(unpacked)[Symbol.asyncIterator]()
  }
  return new SequentialSource(plainSource(file, named, stats), { begin })
}

async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** How a text is made of another. */
interface Making {
  /** Makes the text from the start on. An empty chunk says that there is no more yet. */
  begin(from: Source): Promise<AsyncIterator<Buffer>>
  /** See {@link Source.lineStarts}. */
  lineStarts?(from: Source): AsyncGenerator<LineStart>
}

/** A text that is made of another. Reading at an earlier position begins again, at a later one skips. */
class SequentialSource implements Source {
  readonly name: string
  readonly path: string
  readonly stats: Stats
  readonly isSequential = true
  readonly lineStarts?: () => AsyncGenerator<LineStart>
  readonly #from: Source
  readonly #making: Making
  #chunks: AsyncIterator<Buffer> | undefined
  /** What was made and not read yet, and its place. */
  #rest: Buffer = Buffer.alloc(0)
  #position = 0
  #problem: string | undefined

  constructor(from: Source, making: Making) {
    this.#from = from
    this.#making = making
    this.name = from.name
    this.path = from.path
    this.stats = from.stats
    const { lineStarts } = making
    if (lineStarts !== undefined) this.lineStarts = () => lineStarts(from.again())
  }

  again(): Source {
    return new SequentialSource(this.#from.again(), this.#making)
  }

  get problem(): string | undefined {
    return this.#problem ?? this.#from.problem
  }

  async read(buffers: readonly Buffer[], position: number): Promise<number> {
    if (position < this.#position) await this.#end()
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

  /** Makes text until there is some from a position on. @returns false at the end */
  async #forward(position: number): Promise<boolean> {
    for (;;) {
      this.#drop(Math.min(this.#rest.length, position - this.#position))
      if (this.#rest.length > 0) return true
      try {
        this.#chunks ??= await this.#making.begin(this.#from)
        const next = await this.#chunks.next()
        if (next.done === true || next.value.length === 0) return false
        this.#rest = next.value
      } catch (error) {
        this.#problem = `the rest cannot be unpacked: ${errorMessage(error)}`
        return false
      }
    }
  }

  #drop(count: number): void {
    this.#rest = this.#rest.subarray(count)
    this.#position += count
  }

  async #end(): Promise<void> {
    await this.#chunks?.return?.()
    this.#chunks = undefined
    this.#rest = Buffer.alloc(0)
    this.#position = 0
  }

  async statNow(): Promise<Stats> {
    return this.#from.statNow()
  }

  async close(): Promise<void> {
    await this.#end()
    await this.#from.close()
  }
}
