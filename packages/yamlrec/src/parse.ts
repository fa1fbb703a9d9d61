import type { ReadReport, Span } from '@trace/core'
import { encodingProblem, Report } from '@trace/core/text-file'
import { endOfText, isBlank } from './marks.js'
import { readPlainDocument } from './plain-document.js'
import { CHUNK, type DocumentPiece, Scanner } from './scan.js'

const TORN = 'it is torn: its writer stopped before the closing line "..."'
const [LINE_FEED, RETURN, DASH] = [0x0a, 0x0d, 0x2d]

/** What {@link parseYaml} gives. */
export interface YamlSpans extends ReadReport {
  /** In the order of the file. A span that was recorded twice is in it twice. */
  readonly spans: readonly Span[]
}

/**
 * Reads all spans of a YAML file's content that this package, the Go package or another writer of such documents wrote. It never
 * rejects because of the content: documents that are not whole spans are skipped and counted.
 *
 * @param content text, or the bytes of the file, which must not change meanwhile
 */
export async function parseYaml(content: string | Uint8Array): Promise<YamlSpans> {
  return parseInChunks(typeof content === 'string' ? Buffer.from(content) : content)
}

/** {@link parseYaml} by chunks of a given size. */
export async function parseInChunks(
  bytes: Uint8Array,
  chunk: number = Math.min(bytes.length, CHUNK),
): Promise<YamlSpans> {
  const report = new Report()
  const spans: Span[] = []
  const scanner = new Scanner({ chunk })
  for (let at = 0, final = false; !final; ) {
    const part = bytes.subarray(at, at + chunk)
    scanner.room().set(part)
    scanner.filled(part.length)
    at += part.length
    final = at >= bytes.length
    for (const piece of scanner.pieces(final)) {
      const read = readPiece(piece, report)
      const span = read instanceof Promise ? await read : read
      if (span !== undefined) spans.push(span)
    }
  }
  return { spans, skipped: report.skipped, places: report.places }
}

/**
 * The span of one document; a promise of it if the YAML library reads it.
 *
 * @param report is told if the document, or what follows its end, is not a whole span
 */
export function readPiece(piece: DocumentPiece, report: Report): Span | undefined | Promise<Span | undefined> {
  const { bytes, at, closedAt } = piece
  const problem = bytes.includes(0) ? encodingProblem(bytes) : undefined
  if (problem !== undefined) return pass(report, at, problem)
  if (piece.tooLong) return pass(report, at, 'it is longer than 16 MiB')
  if (piece.unmarked && isBlank(bytes)) return undefined
  const mark = closedAt < 0 ? tornMark(bytes) : -1
  if (mark >= 0) {
    report.skip(at + mark, TORN)
    if (piece.unmarked && isBlank(bytes.subarray(0, mark))) return undefined
  }
  const text = bytes.toString('utf8', 0, closedAt >= 0 ? closedAt : mark >= 0 ? mark : bytes.length)
  if (closedAt < 0 && (piece.mustClose || !text.endsWith('\n'))) {
    return pass(report, at, TORN)
  }
  const wrong = text.includes('\ufffd') ? encodingProblem(bytes) : undefined
  const span = wrong ?? readDocument(text)
  if (span instanceof Promise) return span.then((read) => wholeSpan(read, at, closedAt >= 0, report))
  return wholeSpan(span, at, closedAt >= 0, report)
}

function wholeSpan(span: Span | string, at: number, closed: boolean, report: Report): Span | undefined {
  if (typeof span === 'string') return pass(report, at, span)
  if (closed || span.finish !== undefined) return span
  return pass(report, at, 'it is torn: it has neither a finish nor a closing line "..."')
}

function pass(report: Report, at: number, reason: string): undefined {
  report.skip(at, reason)
}

/** The span of a document's text, with its line `---` but without the line `...`; or why it is not a span. */
export function readDocument(text: string): Span | Promise<Span | string> {
  return readPlainDocument(text) ?? readByLibrary(text)
}

/** The library has seventy files. A program that records, or reads plain documents, need not load them. */
async function readByLibrary(text: string): Promise<Span | string> {
  const { readAnyDocument } = await import('./any-document.js')
  return readAnyDocument(text)
}

/** Where a write of this package begins that was torn within its first mark; below 0 if there is none. */
function tornMark(bytes: Buffer): number {
  const end = endOfText(bytes)
  const start = bytes[end - 2] === DASH ? end - 2 : end - 1
  const lineEnd = bytes[start - 2] === RETURN ? start - 3 : start - 2
  const apart = bytes[start] === DASH && bytes[start - 1] === LINE_FEED && bytes[lineEnd] === LINE_FEED
  return apart ? start : -1
}
