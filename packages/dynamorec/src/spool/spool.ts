import { fstatSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Span } from '@trace/core'
import { clearInterval, setInterval } from '@trace/core/store'
import { spanToJsonLine } from '@trace/jsonrec'
import { appendTo, closeOnDisk, closeOnDiskSync } from './append.js'
import { newOwner, STALE_MS } from './owner.js'
import { type Piece, readPiece } from './piece.js'
import { type FoundSegment, type Segment, Segments, touch } from './segments.js'

/** The size at which a new segment is begun, in bytes. Stored spans are deleted by segments. */
const SEGMENT_BYTES = 4_194_304
/** A segment has at most one such part of `maxBytes`. */
const LEAST_SEGMENTS = 8
/** How often to look for segments that others left, to measure the spool, and to touch one's own segments, in ms. */
const LOOK_MS = 5_000
const MEASURE_MS = 1_000
const BEAT_MS = STALE_MS / 4
/** How many segments to try to write to, if other processes claim them first. */
const MAX_CHOICES = 3

/**
 * Spans in local files of JSON lines, until the table takes them. Each process writes and sends its own segments, and then claims
 * the segments of processes that are gone. A segment's name says its owner and how far it is sent. So exactly one process sends it,
 * and continues where the last one ended, even if that was killed. At worst, the piece under way is sent twice, with the same keys.
 *
 * Writing is synchronous and takes a tenth of a millisecond for 512 spans, so that nothing is lost on exit. Waiting for the disk takes
 * another millisecond, in which the program goes on.
 */
export class Spool {
  readonly path: string
  readonly #maxBytes: number
  readonly #segmentBytes: number
  readonly #segments: Segments
  readonly #owner = newOwner()
  /** The segment being written. */
  #tail: Segment | undefined
  /** The segment being read, and the piece that was read last. */
  #head: Segment | undefined
  #piece: Piece | undefined
  /** The ids of segments that are stored and cannot be deleted. */
  readonly #stuck = new Set<string>()
  /** Whether it owns segments. */
  #hasOwn = false
  #beat: NodeJS.Timeout | undefined
  #nextLook = 0
  #measured = { bytes: 0, until: 0 }

  /** @param maxBytes limit of all segments together */
  constructor(path: string, maxBytes: number) {
    this.path = absolute(path)
    this.#maxBytes = maxBytes
    this.#segmentBytes = Math.min(SEGMENT_BYTES, Math.ceil(maxBytes / LEAST_SEGMENTS))
    this.#segments = new Segments(this.path)
  }

  /**
   * Appends as many of the spans as there is room for, synchronously, and waits until they are on the disk.
   *
   * @returns how many were kept, from the first on
   * @throws the file system's error. None is kept then, unless only the wait for the disk failed
   */
  async add(spans: readonly Span[]): Promise<number> {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) await closeOnDisk(file)
    return kept
  }

  /** {@link Spool.add}, synchronously. */
  addSync(spans: readonly Span[]): number {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) closeOnDiskSync(file)
    return kept
  }

  /** @returns the file, still open, if any were kept */
  #append(spans: readonly Span[]): { readonly kept: number; readonly file: number | undefined } {
    const room = this.#maxBytes - this.bytes()
    // Ends a line that was torn by a killed process.
    let text = '\n'
    let length = 1
    let kept = 0
    for (const span of spans) {
      const line = spanToJsonLine(span)
      length += Buffer.byteLength(line)
      if (length > room) break
      text += line
      kept++
    }
    return { kept, file: kept > 0 ? this.#write(Buffer.from(text)) : undefined }
  }

  #write(bytes: Buffer): number {
    for (let choices = 1; ; choices++) {
      const tail = this.#tail ?? this.#adopt()
      const chosen = tail ?? this.#segments.create(this.#owner)
      const file = appendTo(chosen.file, bytes, tail === undefined)
      if (file !== undefined) {
        this.#own()
        this.#measured.bytes += bytes.length
        this.#tail = fstatSync(file).size < this.#segmentBytes ? chosen : undefined
        return file
      }
      this.#tail = undefined
      if (choices === MAX_CHOICES) throw new Error('other processes claim its files as soon as they are created')
    }
  }

  /** A small segment that another process left. Otherwise each of many short-lived processes would leave one more. */
  #adopt(): Segment | undefined {
    const small = this.#segments
      .list()
      .filter(({ size, owner }) => size < this.#segmentBytes / 2 && owner !== this.#owner)
    return this.#claimOne(small.toReversed())
  }

  #claimOne(found: readonly FoundSegment[]): Segment | undefined {
    for (const segment of found) {
      const claimed = this.#segments.claim(segment, this.#owner)
      if (claimed === undefined) continue
      this.#own()
      return claimed
    }
    return undefined
  }

  /** It owns segments from now on, and keeps touching them, so that others see that it is alive. */
  #own(): void {
    this.#hasOwn = true
    this.#beat ??= setInterval(() => this.#touchOwn(), BEAT_MS).unref()
  }

  #touchOwn(): void {
    try {
      this.#ownSegments().forEach(touch)
    } catch {
      // Then others may claim them, and send spans twice.
    }
  }

  #ownSegments(): FoundSegment[] {
    return this.#segments.list().filter(({ owner }) => owner === this.#owner)
  }

  /** The size of all segments together; of those of other processes, as it was within the last second. */
  bytes(): number {
    const now = performance.now()
    if (now >= this.#measured.until) {
      const bytes = this.#segments.list().reduce((sum, { size }) => sum + size, 0)
      this.#measured = { bytes, until: now + MEASURE_MS }
    }
    return this.#measured.bytes
  }

  /**
   * Reads the oldest spans that are not stored yet, at most as many as one request takes. Until {@link Spool.settle} is called, it
   * gives the same spans again.
   *
   * @returns undefined if none are known. It looks for those that others left every five seconds
   * @throws the file system's error
   */
  async next(): Promise<Piece | undefined> {
    while (this.#piece === undefined) {
      this.#head ??= this.#take()
      if (this.#head === undefined) return undefined
      const piece = await readPiece(this.#head.file, this.#head.offset)
      if (piece !== undefined && piece.length > 0) this.#piece = piece
      else if (piece !== undefined) this.#drop(this.#head)
      else this.#head = undefined
    }
    return this.#piece
  }

  /** The oldest segment that it owns or can claim; the one being written comes last, and a new one is begun after it. */
  #take(): Segment | undefined {
    if (!this.#hasOwn && performance.now() < this.#nextLook) return undefined
    this.#nextLook = performance.now() + LOOK_MS
    const found = this.#segments.list().filter(({ id }) => id !== this.#tail?.id && !this.#stuck.has(id))
    const own = found.find(({ owner }) => owner === this.#owner)
    const head = own ?? this.#claimOne(found) ?? this.#tail
    if (head === this.#tail) this.#tail = undefined
    this.#hasOwn = head !== undefined
    if (head === undefined) this.#rest()
    return head
  }

  #rest(): void {
    clearInterval(this.#beat)
    this.#beat = undefined
  }

  /** Tells that the spans {@link Spool.next} gave last are stored, except the unsent ones, which it gives again. */
  settle(unsent: readonly Span[] = []): void {
    const [head, piece] = [this.#head, this.#piece]
    if (head === undefined || piece === undefined) return
    if (unsent.length > 0) {
      this.#piece = { ...piece, spans: unsent, skipped: 0 }
      return
    }
    this.#piece = undefined
    if (piece.isLast) this.#drop(head)
    else this.#head = this.#advance(head, head.offset + piece.length)
  }

  /** @returns undefined if another process took the owner for gone */
  #advance(head: Segment, offset: number): Segment | undefined {
    try {
      return this.#segments.rename(head, { offset })
    } catch {
      // This process knows the offset. Only a later one would send the piece again.
      return { ...head, offset }
    }
  }

  #drop({ file, id }: Segment): void {
    this.#head = undefined
    this.#measured.until = 0
    this.#stuck.add(id)
    rmSync(file, { force: true })
    this.#stuck.delete(id)
  }

  /** Leaves its segments to other processes. */
  close(): void {
    this.#rest()
    this.#tail = undefined
    this.#head = undefined
    this.#piece = undefined
    try {
      for (const segment of this.#ownSegments()) this.#segments.release(segment)
    } catch {
      // Then others can claim them when this process has ended.
    }
  }
}

/** Resolved once, because the process may change its folder. */
function absolute(path: string): string {
  try {
    return resolve(path)
  } catch {
    // The current folder is gone, and so the file does not exist either.
    return path
  }
}
