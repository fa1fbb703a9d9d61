import { resolve } from 'node:path'
import { EXPORT_FORMATS, type ExportFormat, exportTraces } from '@trace/analysis/formats'
import type { TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import { ledgersOf } from '../sources/ledgers.js'
import { sourceIn } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { isTraceId, resolveTrace } from '../sources/resolve.js'
import { readTraces } from '../sources/scan.js'
import { noteSkipped } from '../sources/skipped.js'
import { wordsOf } from '../sources/words.js'
import { type Context, EXIT, Failure, report } from '../terminal/context.js'
import { counted } from '../terminal/values.js'
import { newFile } from './new-file.js'

/** What traces can be exported to. */
export type Target = ExportFormat | 'jsonl' | 'yaml' | 'html'

/** Options of `trace export`. */
export interface ExportFlags {
  readonly from?: readonly string[]
  readonly to: Target
  readonly out?: string
  readonly since?: bigint
  readonly until?: bigint
  readonly json?: boolean
}

/** `trace export`. */
export async function exportStore(context: Context, flags: ExportFlags, words: readonly string[]): Promise<void> {
  const sum = { traces: 0, spans: 0 }
  const { reader, traces } = await tracesOf(context, flags, words)
  const texts = textsOf(flags.to, counting(sum, traces), (trace) => ledgersOf(context, reader, trace))
  if (flags.out === undefined) for await (const text of texts) context.process.stdout.write(text)
  else await newFile(resolve(context.cwd, flags.out), untilAborted(context, texts), () => sum.traces > 0)
  if (sum.traces === 0) context.process.exitCode = EXIT.nothing
  const what = `${counted(sum.spans, 'span')} of ${counted(sum.traces, 'trace')}`
  const { json, out, to } = flags
  const text = sum.traces === 0 ? 'no trace matches' : `exported ${what}${out === undefined ? '' : ` to ${out}`}`
  report(context, text, { json, object: { ...sum, format: to, out: out ?? null }, isTaken: out === undefined })
}

/** The ledgers that may say why a trace lacks spans. */
type Ledgers = (trace: readonly Span[]) => Promise<readonly Span[]>

function textsOf(to: Target, traces: AsyncIterable<readonly Span[]>, ledgers: Ledgers): AsyncIterable<string> {
  if (isForeign(to)) return exportTraces(to, traces)
  return to === 'html' ? pageOf(traces, ledgers) : linesOf(to, traces)
}

/** @throws {Failure} if there are several: a page shows one */
async function* pageOf(traces: AsyncIterable<readonly Span[]>, ledgers: Ledgers): AsyncGenerator<string> {
  const { savedPage } = await import('@trace/viewer')
  let page: string | undefined
  for await (const trace of traces) {
    if (page !== undefined) throw new Failure('a page shows one trace; name one, such as: trace export last --to html')
    page = savedPage([...trace, ...(await ledgers(trace))])
  }
  if (page !== undefined) yield page
}

function isForeign(to: Target): to is ExportFormat {
  return EXPORT_FORMATS.some((format) => format === to)
}

/** One trace that is named, or all that match. */
async function tracesOf(
  context: Context,
  { from = [], since, until }: ExportFlags,
  words: readonly string[],
): Promise<{ readonly reader: TraceReader; readonly traces: AsyncIterable<readonly Span[]> }> {
  const isSource = sourceIn(context.cwd)
  const named = words.filter((word) => !isSource(word) && isTraceId(word))
  const others = words.filter((word) => isSource(word) || !isTraceId(word))
  const { sources, search } = wordsOf(context.cwd, others, from)
  const reader = await openSources(context, sources)
  if (named.length > 0) {
    if (search.text !== '')
      throw new Failure(`expected ids or a search, got both: ${named.join(' ')} and ${search.text}`)
    return { reader, traces: eachNamed(context, reader, named) }
  }
  const range = { ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { to: until }) }
  const onReport = noteSkipped.bind(undefined, context)
  return { reader, traces: readTraces(context, reader, { ...range, where: search.matches, onReport }) }
}

async function* eachNamed(
  context: Context,
  reader: TraceReader,
  ids: readonly string[],
): AsyncGenerator<readonly Span[]> {
  for (const id of ids) yield await resolveTrace(context, reader, id)
}

async function* counting(
  sum: { traces: number; spans: number },
  traces: AsyncIterable<readonly Span[]>,
): AsyncGenerator<readonly Span[]> {
  for await (const trace of traces) {
    sum.traces++
    sum.spans += trace.length
    yield trace
  }
}

async function* linesOf(to: 'jsonl' | 'yaml', traces: AsyncIterable<readonly Span[]>): AsyncGenerator<string> {
  const { spanToJsonLine } = await import('@trace/jsonrec')
  const { spanToYaml } = await import('@trace/yamlrec')
  const text = to === 'yaml' ? spanToYaml : spanToJsonLine
  for await (const trace of traces) yield trace.map(text).join('')
}

async function* untilAborted({ signal }: Context, texts: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of texts) {
    signal.throwIfAborted()
    yield text
  }
  signal.throwIfAborted()
}
