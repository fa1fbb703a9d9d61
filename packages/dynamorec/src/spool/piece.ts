import { open } from 'node:fs/promises'
import type { Span } from '@trace/core'
import { spanFromJsonLine } from '@trace/jsonrec'
import { nameOf } from '../table/remedy.js'
import { MAX_BATCH } from '../write/writer.js'

/** Bytes that are read of a segment at first: a batch of small spans, twice over. Then more, until there is a line. */
const READ_BYTES = 16_384
const ENOUGH_BYTES = 262_144
/** What has no line break for so long was no span: its bytes are passed over. */
const MOST_BYTES = 16_777_216
const LINE_BREAK = 10

/** What was read of a segment, in order: as many spans as one request takes, so that no more are ever sent twice. */
export interface Piece {
  readonly spans: readonly Span[]
  /** Lines that are no spans: torn by a writer that was killed, or another's. */
  readonly skipped: number
  /** Bytes. */
  readonly length: number
  /** Whether nothing comes after it. */
  readonly isLast: boolean
}

/**
 * Reads whole lines from an offset on; at the file's end also what is left of the last.
 *
 * @returns undefined where the file is not there
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

/** @param isWhole whether what follows the last line break is a line too */
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
