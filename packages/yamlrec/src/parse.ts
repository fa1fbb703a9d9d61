import { isUtf8 } from 'node:buffer'
import type { ReadReport, Span } from '@trace/core'
import { Report } from '@trace/core/files'
import { readAnyDocument } from './any-document.js'
import { readPlainDocument } from './plain-document.js'
import { closingLine, type DocumentPiece, Scanner, type ScanOptions } from './scan.js'

const TORN = 'it is torn: its writer was stopped before the line "..." that closes it'
const [LINE_FEED, DASH] = [0x0a, 0x2d]

/** What {@link parseYaml} gives. */
export interface YamlSpans extends ReadReport {
  /** In the order in which they stand; a span that was recorded twice is there twice. */
  readonly spans: readonly Span[]
}

/**
 * Reads all spans of a YAML file's content: what this package or the original wrote, and documents like these from any
 * other YAML writer. Never throws for what it holds: documents that are not whole spans are passed over and counted.
 *
 * @param content text, or bytes as they stand in the file
 */
export function parseYaml(content: string | Uint8Array): YamlSpans {
  return parseInChunks(typeof content === 'string' ? Buffer.from(content) : content)
}

/** {@link parseYaml} by chunks of a given size. */
export function parseInChunks(bytes: Uint8Array, options: ScanOptions = {}): YamlSpans {
  const report = new Report()
  const spans: Span[] = []
  const scanner = new Scanner(options)
  for (let at = 0, final = false; !final; ) {
    const room = scanner.room()
    const part = bytes.subarray(at, at + Math.min(room.length, options.chunk ?? room.length))
    room.set(part)
    scanner.filled(part.length)
    at += part.length
    final = at >= bytes.length
    for (const piece of scanner.pieces(final)) {
      const span = readPiece(piece, report)
      if (span !== undefined) spans.push(span)
    }
  }
  return { spans, skipped: report.skipped, places: report.places }
}

/**
 * The span of one document.
 *
 * @param report is told where the document, or what follows its end, is not a whole span
 */
export function readPiece(piece: DocumentPiece, report: Report): Span | undefined {
  const { bytes, at } = piece
  if (piece.tooLong) return pass(report, at, 'it is longer than 16 MiB')
  if (piece.unmarked && isBlank(bytes)) return undefined
  const end = closedAt(bytes)
  if (end >= 0 && !isBlank(bytes.subarray(end + 3))) {
    report.skip(at + end + 3, 'it is torn: text after the end of a document, that begins no other')
  }
  const mark = end < 0 ? tornMark(bytes) : -1
  if (mark >= 0) {
    report.skip(at + mark, TORN)
    if (piece.unmarked && isBlank(bytes.subarray(0, mark))) return undefined
  }
  const text = bytes.toString('utf8', 0, end >= 0 ? end : mark >= 0 ? mark : bytes.length)
  if (end < 0 && (piece.mustClose || !text.endsWith('\n'))) {
    return pass(report, at, TORN)
  }
  if (text.includes('\ufffd') && !isUtf8(bytes)) return pass(report, at, 'it is not UTF-8')
  const span = readDocument(text)
  if (typeof span === 'string') return pass(report, at, span)
  if (end < 0 && span.finish === undefined)
    return pass(report, at, 'it is torn: it has neither finish nor a line "..."')
  return span
}

function pass(report: Report, at: number, reason: string): undefined {
  report.skip(at, reason)
}

/** The span of a document's text, its line `---` included but not the line `...`; or why it is none. */
export function readDocument(text: string): Span | string {
  const plain = text.startsWith('---\n') ? readPlainDocument(text.slice(4)) : undefined
  return plain ?? readAnyDocument(text)
}

/** Where the line `...` begins, which mostly is the last one; below 0 where there is none. */
function closedAt(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1])) end--
  const dots = end - 3
  if (dots > 0 && bytes[dots - 1] === 0x0a && bytes.readUIntBE(dots, 3) === 0x2e2e2e) return dots
  return closingLine(bytes, 0)
}

/** Where a write of this package begins that was torn within its first mark; below 0 where there is none. */
function tornMark(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1])) end--
  const start = bytes[end - 2] === DASH ? end - 2 : end - 1
  const apart = bytes[start] === DASH && bytes[start - 1] === LINE_FEED && bytes[start - 2] === LINE_FEED
  return apart ? start : -1
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x20 || byte === 0x0d || byte === 0x09
}

/** Whether there is nothing but white space, comments and directives. */
function isBlank(bytes: Buffer): boolean {
  if (bytes.every(isSpace)) return true
  return bytes.length < 10_000 && /^(?:\s*(?:[#%][^\n]*)?(?:\n|$))*$/.test(bytes.toString())
}
