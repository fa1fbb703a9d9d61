import { isFailed, type PlainData, type PlainValue, type Span } from '@trace/core/spans'
import type { SpanNode, TraceTree } from '../tree/node.js'
import { buildTree } from '../tree/tree.js'
import { setEntry } from './json.js'
import { endOf, lanesOf, type Place } from './lanes.js'

/** Numbers that stand for processes and lanes, over all traces of a file. */
class Numbers {
  readonly #processes = new Map<string, number>()
  readonly #named = new Set<string>()
  flows = 0

  /** @returns the number of a process, and the events that name it and its lane where it is the first */
  place({ process, lane }: Place): { readonly pid: number; readonly tid: number; readonly names: PlainData[] } {
    const pid = this.#processes.get(process) ?? this.#processes.size + 1
    this.#processes.set(process, pid)
    const names: PlainData[] = []
    const name = (kind: string, text: string, tid: number): void => {
      const key = `${kind} ${pid} ${tid}`
      if (!this.#named.has(key)) names.push({ ph: 'M', name: kind, pid, tid, args: { name: text } })
      this.#named.add(key)
    }
    name('process_name', process === '' ? 'unknown' : process, 0)
    name('thread_name', `lane ${lane}`, lane)
    return { pid, tid: lane, names }
  }
}

/**
 * Traces as Chrome trace events (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU): complete events on
 * lanes where they nest, and arrows from a parent on another lane. Times count from the first trace's start.
 */
export class ChromeEvents {
  readonly #numbers = new Numbers()
  #origin: bigint | undefined

  /** @param spans of one trace, each once */
  add(spans: readonly Span[]): PlainData[] {
    const tree = buildTree(spans)
    this.#origin ??= tree.start
    const offset = Number(tree.start - this.#origin)
    const places = lanesOf(tree.nodes)
    return tree.nodes.flatMap((node) => this.#eventsOf(node, tree, places, offset))
  }

  #eventsOf(node: SpanNode, { traceId }: TraceTree, places: ReadonlyMap<SpanNode, Place>, offset: number): PlainData[] {
    const place = places.get(node)
    if (place === undefined) return []
    const { span, parent } = node
    const { pid, tid, names } = this.#numbers.place(place)
    const ts = microsOf(node.start + offset)
    const cat = span.kind === '' ? 'span' : span.kind
    const event = {
      ph: 'X',
      name: span.name === '' ? cat : span.name,
      cat,
      pid,
      tid,
      ts,
      dur: microsOf(endOf(node) + offset) - ts,
    }
    const events: PlainData[] = [
      ...names,
      { ...event, ...(isFailed(span) ? { cname: 'terrible' } : {}), args: argsOf(span, traceId) },
    ]
    const from = parent === undefined ? undefined : places.get(parent)
    if (parent === undefined || from === undefined || (from.process === place.process && from.lane === place.lane))
      return events
    const origin = this.#numbers.place(from)
    const id = ++this.#numbers.flows
    const start = microsOf(Math.min(Math.max(node.start, parent.start), endOf(parent)) + offset)
    const flow = { name: 'calls', cat: 'flow', id }
    return [
      ...events,
      ...origin.names,
      { ...flow, ph: 's', pid: origin.pid, tid: origin.tid, ts: start },
      { ...flow, ph: 'f', bp: 'e', pid, tid, ts },
    ]
  }
}

function argsOf({ spanId, parentId, finish, data }: Span, traceId: bigint): PlainData {
  const args: Record<string, PlainValue> = { trace_id: String(traceId), span_id: String(spanId) }
  if (parentId !== 0n) args['parent_id'] = String(parentId)
  if (finish === undefined) args['open'] = true
  for (const [key, value] of Object.entries(data)) {
    // Viewers read numbers as they are in JavaScript.
    setEntry(args, Object.hasOwn(args, key) ? `data.${key}` : key, typeof value === 'bigint' ? String(value) : value)
  }
  return args
}

/**
 * Microseconds in steps of 1/1024, which are shorter than a nanosecond. A number holds those exactly, as well as their sums and
 * differences: the end of an event is `ts + dur` to the last bit, so that none seems to reach beyond the one that holds it.
 */
function microsOf(nanoseconds: number): number {
  return Math.round(nanoseconds * 1.024) / 1_024
}
