import type { ReadOptions, TraceQuery, TraceReader, TraceSummary } from '@trace/core'
import { formatTime, onOneLine, type Span } from '@trace/core/spans'
import { type Context, EXIT, Failure } from '../terminal/context.js'
import { noteSkipped } from './skipped.js'

/** How many traces are listed where the beginning of an id is that of several. */
const MOST_LISTED = 5

const W3C = /^[\da-f]{16}([\da-f]{16})$/i

/** Whether a word may name a trace; see {@link resolveTrace}. */
export function isTraceId(text: string): boolean {
  return text === 'last' || text === 'last-error' || /^\d{1,20}$/.test(text) || W3C.test(text)
}

/** @throws {Failure} if no trace can be named so. Before stores are opened, so that a file which is taken for an id is what the message is about */
export function checkTraceId(text: string): void {
  if (isTraceId(text)) return
  const shown = onOneLine(text, 80)
  if (/^\d+$/.test(text))
    throw new Failure(`${shown} is no trace's id: an id has at most 20 digits. trace ls lists them`)
  const meant = text.startsWith('last') ? ' (did you mean last-error?)' : ''
  throw new Failure(
    `expected a trace's id, the beginning of one, last or last-error, got ${shown}${meant}. Ids are decimal; trace ls lists them. A file is named by a path that is there, or behind --from`,
  )
}

/**
 * The spans of a trace that a person names: by `last`, by `last-error`, by its decimal id or the beginning of it, if no other id
 * begins so, or by a W3C trace id of 32 hexadecimal digits.
 *
 * @throws {Failure} if there is none, or several
 */
export async function resolveTrace(
  context: Context,
  reader: TraceReader,
  wanted: string,
  onPlace?: ReadOptions['onPlace'],
): Promise<readonly Span[]> {
  const options = { signal: context.signal }
  const telling = onPlace === undefined ? options : { ...options, onPlace }
  const read = async (traceId: bigint): Promise<readonly Span[]> => (await reader.trace(traceId, telling)).spans
  const list = async (query: TraceQuery): Promise<readonly TraceSummary[]> => {
    const found = await reader.traces(query, options)
    if (found.traces.length === 0) noteSkipped(context, found)
    return found.traces
  }
  if (wanted === 'last' || wanted === 'last-error') {
    const query = wanted === 'last' ? { limit: 1 } : { limit: 1, error: true }
    const [newest] = await list(query)
    if (newest !== undefined) return read(newest.traceId)
    throw new Failure(
      wanted === 'last' ? `there is no trace in ${reader.name}` : `no trace in ${reader.name} failed`,
      EXIT.nothing,
    )
  }
  const w3c = W3C.exec(wanted)?.[1]
  checkTraceId(wanted)
  const exact = await read(w3c === undefined ? BigInt(wanted) : BigInt(`0x${w3c}`))
  if (exact.length > 0) return exact
  const where = ({ traceId }: Span): boolean => String(traceId).startsWith(wanted)
  const traces = await list({ where, limit: MOST_LISTED })
  const [first] = traces
  if (first === undefined) {
    const how = w3c === undefined && wanted.length < 15 ? 'begins with' : 'is'
    throw new Failure(
      `there is no trace in ${reader.name} whose id ${how} ${wanted}. trace ls lists those there are`,
      EXIT.nothing,
    )
  }
  if (traces.length === 1) return read(first.traceId)
  const lines = traces.map(({ traceId, start, name }) => `  ${traceId}  ${formatTime(start)}  ${onOneLine(name, 60)}`)
  throw new Failure(`several traces have an id that begins with ${wanted}; write more of it:\n${lines.join('\n')}`)
}
