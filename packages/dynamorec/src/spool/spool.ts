import { fstatSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Span } from '@trace/core'
import { clearInterval, setInterval } from '@trace/core/store'
import { spanToJsonLine } from '@trace/jsonrec'
import { appendTo, closeOnDisk, closeOnDiskSync } from './append.js'
import { newOwner, STALE_MS } from './owner.js'
import { type Piece, readPiece } from './piece.js'
import { type FoundSegment, type Segment, Segments, touch } from './segments.js'

/** A segment that has grown so large, in bytes, is followed by another: what is stored of a spool is deleted by segments. */
const SEGMENT_BYTES = 4_194_304
/** Of the bytes that a spool may have, a segment takes this part at most. */
const LEAST_SEGMENTS = 8
/** Segments that others leave behind are looked for so often, in milliseconds, and so often the spool is measured. */
const LOOK_MS = 5_000
const MEASURE_MS = 1_000
const BEAT_MS = STALE_MS / 4
/** How often a segment to write to is chosen that turns out to be another's by then. */
const MAX_CHOICES = 3

/**
 * Spans in local files of JSON lines, until the table takes them. Each process writes to a segment of its own, and sends its
 * own; then it claims what others have left behind that are gone. How far a segment is sent, and whose it is, stands in its
 * name: so of all processes one sends it, from where the former has ended, wherever that was killed. At worst, the piece that
 * was under way is sent twice, under its same keys.
 *
 * Writing is synchronous: a tenth of a millisecond for 512 spans, and nothing to lose at exit. That they survive a loss of
 * power is waited for: another millisecond, in which the program goes on.
 */
export class Spool {
  readonly path: string
  readonly #maxBytes: number
  readonly #segmentBytes: number
  readonly #segments: Segments
  readonly #owner = newOwner()
  /** The segment that is written. */
  #tail: Segment | undefined
  /** The segment that is read, and what was read of it last. */
  #head: Segment | undefined
  #piece: Piece | undefined
  /** Those that are stored and cannot be deleted. */
  readonly #stuck = new Set<string>()
  /** Whether there are segments of its own. */
  #hasOwn = false
  #beat: NodeJS.Timeout | undefined
  #nextLook = 0
  #measured = { bytes: 0, until: 0 }

  /** @param maxBytes how large all segments may become together */
  constructor(path: string, maxBytes: number) {
    this.path = absolute(path)
    this.#maxBytes = maxBytes
    this.#segmentBytes = Math.min(SEGMENT_BYTES, Math.ceil(maxBytes / LEAST_SEGMENTS))
    this.#segments = new Segments(this.path)
  }

  /**
   * Appends spans, as many as there is room for, before it returns; and waits until the disk has them.
   *
   * @returns how many were kept: the first so many
   * @throws the file system's error; then none is kept, unless the disk could not be told to write
   */
  async add(spans: readonly Span[]): Promise<number> {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) await closeOnDisk(file)
    return kept
  }

  /** {@link Spool.add}, which returns when the disk has them. */
  addSync(spans: readonly Span[]): number {
    const { kept, file } = this.#append(spans)
    if (file !== undefined) closeOnDiskSync(file)
    return kept
  }

  /** @returns the file, still open, where any were kept */
  #append(spans: readonly Span[]): { readonly kept: number; readonly file: number | undefined } {
    const room = this.#maxBytes - this.bytes()
    // A line that was torn by a killed process ends here.
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
      if (choices === MAX_CHOICES) throw new Error('others take its files as soon as they are there')
    }
  }

  /** A small segment that somebody has left behind: or each of many short-lived processes would leave one more. */
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

  /** There are segments of its own from now on, and others see that it is there. */
  #own(): void {
    this.#hasOwn = true
    this.#beat ??= setInterval(() => this.#touchOwn(), BEAT_MS).unref()
  }

  #touchOwn(): void {
    try {
      this.#ownSegments().forEach(touch)
    } catch {
      // Then others may take them, and spans are sent twice.
    }
  }

  #ownSegments(): FoundSegment[] {
    return this.#segments.list().filter(({ owner }) => owner === this.#owner)
  }

  /** How large all segments are together, those of other processes as they were within the last second. */
  bytes(): number {
    const now = performance.now()
    if (now >= this.#measured.until) {
      const bytes = this.#segments.list().reduce((sum, { size }) => sum + size, 0)
      this.#measured = { bytes, until: now + MEASURE_MS }
    }
    return this.#measured.bytes
  }

  /**
   * Reads the oldest spans that are not stored yet, at most as many as one request takes; the same again, until
   * {@link Spool.settle} is called.
   *
   * @returns undefined where there are none, as far as it is known: others' are looked for every five seconds
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

  /** The oldest segment that is its own or nobody's; at last the one that is written, which then is followed by another. */
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

  /** What {@link Spool.next} gave last is stored, but for some of it, which it gives again. */
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

  /** @returns undefined where another process took the owner for gone */
  #advance(head: Segment, offset: number): Segment | undefined {
    try {
      return this.#segments.rename(head, { offset })
    } catch {
      // Only a process after this one would send it again.
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

  /** Leaves to others what it has. */
  close(): void {
    this.#rest()
    this.#tail = undefined
    this.#head = undefined
    this.#piece = undefined
    try {
      for (const segment of this.#ownSegments()) this.#segments.release(segment)
    } catch {
      // Then it is left when this process ends.
    }
  }
}

/** Once and for all: the process may go to another folder. */
function absolute(path: string): string {
  try {
    return resolve(path)
  } catch {
    // The current folder is gone, and so there is no such file either.
    return path
  }
}
