import type { Span } from '@trace/core'
import { type ExportFormat, exportTraces } from '../../src/formats/export.js'
import { type ImportFormat, importSpans } from '../../src/formats/import.js'

/** The document of an export. */
export async function exported(format: ExportFormat, traces: readonly (readonly Span[])[]): Promise<string> {
  let text = ''
  for await (const piece of exportTraces(format, traces)) text += piece
  return text
}

export interface Imported {
  readonly spans: Span[]
  readonly formats: ImportFormat[]
  readonly skipped: string[]
}

/** @param size of the pieces in which the text is read */
export async function imported(text: string, size = 1_000_000): Promise<Imported> {
  const result: Imported = { spans: [], formats: [], skipped: [] }
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  )
  const options = {
    onSkipped: (at: string, why: string) => result.skipped.push(`${at}: ${why}`),
    onFormat: (format: ImportFormat) => result.formats.push(format),
  }
  for await (const batch of importSpans(pieces, options)) result.spans.push(...batch)
  return result
}
