import { open } from 'node:fs/promises'
import type { Span } from '@trace/core'
import { spanFromJsonLine } from '@trace/jsonrec'
import { nameOf } from '../table/symptoms.js'
import { MAX_BATCH } from '../write/writer.js'

/** Bytes of a segment to read at first, about two batches of small spans. Then more, until they contain a line. */
const READ_BYTES = 16_384
const ENOUGH_BYTES = 262_144
/** A longer line is not a span, and is skipped. In bytes. */
const MOST_BYTES = 16_777_216
const LINE_BREAK = 10

/** The next spans of a segment: as many as one request takes, so that no more can be sent twice. */
export interface Piece {
  readonly spans: readonly Span[]
  /** Lines that are not spans: torn by a killed writer, or written by something else. */
  readonly skipped: number
  /** In bytes. */
  readonly length: number
  /** Whether it ends the segment. */
  readonly isLast: boolean
}

/**
 * Reads whole lines from an offset on; at the file's end also a last line without a line break.
 *
 * @returns undefined if the file does not exist
 */
export async function readPiece(path: string, offset: number): Promise<Piece | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      for (let wanted = READ_BYTES; ; wanted *= 4) {
        const buffer = Buffer.alloc(wanted)
        const { bytesRead } = await file.read(buffer, 0, wanted, offset)
        const isEnd = bytesRead < wanted
        const piece = parsePiece(buffer.subarray(0, bytesRead), isEnd || wanted >= MOST_BYTES)
        const isEnough = piece.spans.length + piece.skipped >= MAX_BATCH || (wanted >= ENOUGH_BYTES && piece.length > 0)
        if (isEnd || isEnough) return { ...piece, isLast: isEnd && piece.length === bytesRead }
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** @param isWhole whether the bytes after the last line break are a line, too */
function parsePiece(bytes: Buffer, isWhole: boolean): Omit<Piece, 'isLast'> {
  const spans: Span[] = []
  let skipped = 0
  let length = 0
  while (length < bytes.length && spans.length + skipped < MAX_BATCH) {
    const lineBreak = bytes.indexOf(LINE_BREAK, length)
    if (lineBreak < 0 && !isWhole) break
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
