import { type PlainValue, type Span, TraceError } from '@trace/core/spans'
import { type Element, ElementSplitter } from './elements.js'
import { spansOfJaeger } from './jaeger.js'
import { entryOf, listOf, parseJson } from './json.js'
import { spansOfResource } from './otlp-read.js'
import type { Skip } from './skip.js'
import { spansOfZipkin } from './zipkin.js'

/** The formats that can be imported. */
export type ImportFormat = 'otlp' | 'zipkin' | 'jaeger'

/** Options of {@link importSpans}. */
export interface ImportOptions {
  /** Is told of everything that is no span, and why. */
  readonly onSkipped?: (at: string, reason: string) => void
  /** Is told which format it is, before the first spans. */
  readonly onFormat?: (format: ImportFormat) => void
}

/**
 * Imports spans from JSON: OTLP (a document, an array of them, or a line for each, as the file exporter of OpenTelemetry's collector writes them),
 * Zipkin v2, or Jaeger. The format is recognised by the content. OTLP and Jaeger are read as they come; all spans of Zipkin's have to be in
 * memory, since two of them may share an id.
 *
 * @param chunks the text, in pieces of any length
 * @returns spans in the order of the text: batches of any size
 * @throws {TraceError} `TRACE_BAD_IMPORT` where the text is none of these, or is no JSON
 */
export async function* importSpans(
  chunks: Iterable<string> | AsyncIterable<string>,
  options: ImportOptions = {},
): AsyncGenerator<readonly Span[]> {
  const importer = new Importer(options)
  const splitter = new ElementSplitter()
  let beginning = ''
  for await (const chunk of chunks) {
    if (beginning.length < 60) beginning += chunk.slice(0, 60)
    for (const element of splitter.add(chunk)) {
      const spans = importer.read(element)
      if (spans.length > 0) yield spans
    }
  }
  if (splitter.isWithin) options.onSkipped?.('end', 'the text ends within a document')
  const rest = importer.end()
  if (rest.length > 0) yield rest
  if (importer.format !== undefined || isEmpty(beginning)) return
  const expected = 'expected JSON of OTLP, Zipkin v2 or Jaeger'
  throw new TraceError(
    'TRACE_BAD_IMPORT',
    `import: ${expected}, got a text that begins with ${JSON.stringify(beginning.slice(0, 60))}`,
  )
}

/** An export of no traces is right too. */
function isEmpty(beginning: string): boolean {
  return /^\s*(\[\s*\]|\{\s*"(resourceSpans|data)"\s*:\s*\[\s*\]\s*\})?\s*$/.test(beginning)
}

class Importer {
  readonly #options: ImportOptions
  readonly #zipkin: PlainValue[] = []
  format: ImportFormat | undefined

  constructor(options: ImportOptions) {
    this.#options = options
  }

  read({ key, text, at }: Element): Span[] {
    const skip: Skip = (reason) => this.#options.onSkipped?.(`character ${at}`, reason)
    let value: PlainValue
    try {
      value = parseJson(text)
    } catch (error) {
      skip(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`)
      return []
    }
    return [...this.#spansOf(key, value, skip)]
  }

  *#spansOf(key: string | undefined, value: PlainValue, skip: Skip): Generator<Span> {
    if (key === 'resourceSpans' || key === 'resource_spans' || key === 'batches') {
      this.#recognise('otlp')
      yield* spansOfResource(value, skip)
      return
    }
    const spans = entryOf(value, 'spans')
    if ((key === 'data' || key === undefined) && Array.isArray(spans)) {
      this.#recognise('jaeger')
      yield* spansOfJaeger(value, skip)
      return
    }
    if (key !== undefined) return
    for (const each of ['resourceSpans', 'batches']) {
      for (const resourceSpans of listOf(entryOf(value, each))) yield* this.#spansOf(each, resourceSpans, skip)
    }
    // Zipkin's own answer to a search is a list of lists.
    for (const span of Array.isArray(value) ? listOf(value) : [value]) {
      if (entryOf(span, 'id') === undefined || entryOf(span, 'traceId') === undefined) continue
      this.#recognise('zipkin')
      this.#zipkin.push(span)
    }
  }

  #recognise(format: ImportFormat): void {
    if (this.format === undefined) this.#options.onFormat?.(format)
    this.format ??= format
  }

  /** What could not be read before all was there. */
  end(): Span[] {
    return [...spansOfZipkin(this.#zipkin, (reason) => this.#options.onSkipped?.('a span', reason))]
  }
}
