import { importSpans } from '@trace/analysis/formats'
import type { Span } from '@trace/core/spans'
import { spanFromJsonLine } from '@trace/jsonrec'
import { readPlainDocument } from '@trace/yamlrec'
import { readTrace } from '../../wire/read.js'

/** What a file holds. */
export interface Imported {
  readonly spans: readonly Span[]
  /** How many records are no whole spans, or could not be read here. */
  readonly skipped: number
  /** Why the first one was skipped. */
  readonly reason: string | undefined
}

/** How much of a text tells what it is, in characters. */
const LOOK = 65_536
const OTHER_YAML =
  'a YAML document is torn, or not in the form that recorders write; `npx trace view` reads all forms of YAML'

/**
 * Reads a file: YAML or JSON lines of spans, a saved page, OTLP, Zipkin or Jaeger, packed by gzip or not. Its content tells what it is.
 *
 * @throws {Error} where it is none of these
 */
export async function importFile(file: Blob): Promise<Imported> {
  const text = await textOf(file)
  const beginning = text.slice(0, LOOK)
  if (/^\s*<!doctype html/i.test(beginning)) return ofSavedPage(text)
  if (/^\s*\{.*"span_id"\s*:/m.test(beginning)) return ofJsonLines(text)
  if (/^---\s*$|^span_id:/m.test(beginning)) return ofYaml(text)
  return ofOtherFormat(text)
}

async function textOf(file: Blob): Promise<string> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  if (first !== 0x1f || second !== 0x8b) return file.text()
  return new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text()
}

class Reading {
  readonly spans: Span[] = []
  skipped = 0
  reason: string | undefined

  skip(reason: string): void {
    this.skipped++
    this.reason ??= reason
  }
}

function ofSavedPage(text: string): Imported {
  // In brackets, since this code stands in a script element of the saved page itself.
  const sent = /<[s]cript type="application\/json" id="spans">([^<]*)<\/[s]cript>/.exec(text)?.[1]
  if (sent === undefined) throw new Error('it is a page, but no saved trace')
  const { spans, ledgers } = readTrace(sent)
  return { spans: [...spans, ...ledgers], skipped: 0, reason: undefined }
}

function ofJsonLines(text: string): Imported {
  const reading = new Reading()
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const span = spanFromJsonLine(line)
    if (typeof span === 'string') reading.skip(span)
    else reading.spans.push(span)
  }
  return reading
}

function ofYaml(text: string): Imported {
  const reading = new Reading()
  const parts = text.replaceAll('\r\n', '\n').split(/^\.\.\.[ \t]*\n?/m)
  for (const [at, part] of parts.entries()) {
    const documents = part.split(/^(?=---\s*$)/m).filter((document) => document.trim() !== '')
    for (const [index, document] of documents.entries()) {
      const isClosed = at < parts.length - 1 && index === documents.length - 1
      const span = readPlainDocument(document.startsWith('---') ? document : `---\n${document}`)
      // Without its closing line, a document that has no finish may be torn.
      if (span === undefined || !(isClosed || span.finish !== undefined)) reading.skip(OTHER_YAML)
      else reading.spans.push(span)
    }
  }
  return reading
}

async function ofOtherFormat(text: string): Promise<Imported> {
  const reading = new Reading()
  for await (const spans of importSpans([text], { onSkipped: (_at, reason) => reading.skip(reason) })) {
    for (const span of spans) reading.spans.push(span)
  }
  return reading
}
