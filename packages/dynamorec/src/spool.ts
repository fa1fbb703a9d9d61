import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Span } from '@trace/core'
import { spanFromJsonLine, spanToJsonLine } from '@trace/jsonrec'
import { nameOf } from './remedy.js'

/** Bytes that are read from the spool at once, and spans that are replayed at once. */
const READ_BYTES = 262_144
const MAX_SPANS = 500
const LINE_BREAK = 10

/** What was read from the spool, in order. */
export interface Piece {
  readonly spans: readonly Span[]
  /** Lines that are no spans: torn by a writer that was killed, or another's. */
  readonly skipped: number
}

/** The part of a spool that is being read. */
interface Segment {
  readonly path: string
  readonly file: FileHandle
  /** Up to where it is stored in the table, in bytes. */
  stored: number
  /** Where the piece read last ends. */
  read: number
}

/**
 * Spans in a local file of JSON lines, until the table takes them. New ones are appended to the file; before that is read, it
 * is renamed to a segment (its path, a time, the process), which is deleted when all of it is stored. So the process may be
 * killed at any point, and processes may share the file: at worst a span is stored twice, under its same key.
 *
 * Writing is synchronous: a tenth of a millisecond for 512 spans, and nothing to lose at exit. That they survive a loss of
 * power is waited for: another millisecond, in which the program goes on.
 */
export class Spool {
  readonly path: string
  readonly #maxBytes: number
  #segment: Segment | undefined
  #renamed = 0

  /** @param maxBytes how large the file and its segments may become together */
  constructor(path: string, maxBytes: number) {
    this.path = path
    this.#maxBytes = maxBytes
  }

  /**
   * Appends spans, as many as there is room for, before it returns; and waits until the disk has them.
   *
   * @returns how many were kept: the first so many
   * @throws the file system's error; some may be kept nevertheless
   */
  async add(spans: readonly Span[]): Promise<number> {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) {
      try {
        await promisify(fsync)(file)
      } catch (error) {
        failUnlessUnable(error)
      } finally {
        closeSync(file)
      }
    }
    return kept
  }

  /** {@link Spool.add}, which returns when the disk has them. */
  addSync(spans: readonly Span[]): number {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) {
      try {
        fsyncSync(file)
      } catch (error) {
        failUnlessUnable(error)
      } finally {
        closeSync(file)
      }
    }
    return kept
  }

  /** @returns the file, still open, where any were kept */
  #append(spans: readonly Span[]): { readonly kept: number; readonly file: number | undefined } {
    let room = this.#maxBytes - this.bytes()
    // A line that was torn by a killed process ends here.
    let text = '\n'
    let kept = 0
    for (const span of spans) {
      const line = spanToJsonLine(span)
      room -= Buffer.byteLength(line)
      if (room < 0) break
      text += line
      kept++
    }
    return { kept, file: kept > 0 ? append(this.path, Buffer.from(text)) : undefined }
  }

  /** How large the file and its segments are together. */
  bytes(): number {
    return [this.path, ...this.#segments()].reduce((sum, path) => sum + sizeOf(path), 0)
  }

  /**
   * Reads the oldest spans that are not stored yet; the same again, until {@link Spool.stored} is called.
   *
   * @returns undefined where there are none
   * @throws the file system's error
   */
  async next(): Promise<Piece | undefined> {
    for (;;) {
      const segment = await this.#oldest()
      if (segment === undefined) return undefined
      const { spans, skipped, length } = await readPiece(segment)
      segment.read = segment.stored + length
      if (length > 0) return { spans, skipped }
      await this.#drop(segment)
    }
  }

  /** What {@link Spool.next} gave last is stored. */
  stored(): void {
    if (this.#segment !== undefined) this.#segment.stored = this.#segment.read
  }

  async close(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    await segment?.file.close()
  }

  async #oldest(): Promise<Segment | undefined> {
    if (this.#segment !== undefined) return this.#segment
    const path = this.#segments()[0] ?? this.#cutOff()
    if (path === undefined) return undefined
    this.#segment = { path, file: await open(path, 'r'), stored: 0, read: 0 }
    return this.#segment
  }

  async #drop(segment: Segment): Promise<void> {
    await this.close()
    rmSync(segment.path, { force: true })
  }

  /** Makes a segment of the file; undefined where there is none. */
  #cutOff(): string | undefined {
    if (sizeOf(this.path) === 0) return undefined
    const segment = `${this.path}.${Date.now()}-${process.pid}-${++this.#renamed}`
    renameSync(this.path, segment)
    return segment
  }

  /** Oldest first. */
  #segments(): string[] {
    const name = basename(this.path)
    const folder = dirname(this.path)
    if (!existsSync(folder)) return []
    return readdirSync(folder)
      .filter((file) => file.startsWith(name) && /^\.\d{13}-\d+-\d+$/.test(file.slice(name.length)))
      .sort()
      .map((file) => join(folder, file))
  }
}

/** @returns the file, open: it may have been renamed since */
function append(path: string, bytes: Buffer): number {
  const file = openSync(path, 'a')
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** Some file systems, of networks and of programs, cannot be told to write at once: what they took counts as kept. */
function failUnlessUnable(error: unknown): void {
  if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes(nameOf(error))) throw error
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Whole lines from where the segment is stored; at its end also what is left of the last. */
async function readPiece(segment: Segment): Promise<Piece & { readonly length: number }> {
  for (let wanted = READ_BYTES; ; wanted *= 2) {
    const buffer = Buffer.alloc(wanted)
    const { bytesRead } = await segment.file.read(buffer, 0, wanted, segment.stored)
    const bytes = buffer.subarray(0, bytesRead)
    const isEnd = bytesRead < wanted
    if (isEnd || bytes.includes(LINE_BREAK)) return parsePiece(bytes, isEnd)
  }
}

function parsePiece(bytes: Buffer, isEnd: boolean): Piece & { readonly length: number } {
  const spans: Span[] = []
  let skipped = 0
  let length = 0
  while (length < bytes.length && spans.length < MAX_SPANS) {
    const lineBreak = bytes.indexOf(LINE_BREAK, length)
    if (lineBreak < 0 && !isEnd) break
    const end = lineBreak < 0 ? bytes.length : lineBreak
    const line = bytes.toString('utf8', length, end)
    length = Math.min(bytes.length, end + 1)
    if (line === '') continue
    const span = spanFromJsonLine(line)
    if (typeof span === 'string') skipped++
    else spans.push(span)
  }
  return { spans, skipped, length }
}
