import { type LinkedSpan, LinkTable } from './link-table.js'

/** Calls from one service to another. */
export interface Calls {
  readonly from: string
  readonly to: string
  count: number
  failed: number
  /** Sum of the durations of the spans that were called, in ns. */
  total: number
}

/**
 * How many spans are remembered at least, and twice as many at most, so that a parent finds its children, or they it: about 20 MB.
 * Spans stand in the order of their ends, so parents come soon after their children.
 */
const LINKS = 65_536
/** How many stretches are kept of one parent, or up to twice as many. Where there are more, the gaps between the earliest count as covered. */
const MOST_STRETCHES = 256

/** How many services are told apart that are called; what comes after these is called the others. */
const MOST_SERVICES = 2_000
const OTHERS = '…'

/** Links spans with their parents as they come by, for self times and for who calls whom. Its memory is bounded. */
export class Links {
  /** Those that came or were asked for last, and those before them. */
  #young = new LinkTable(LINKS)
  #old: LinkTable | undefined
  /** The services of spans that came before their parents did, by number. */
  readonly #services: string[] = []
  readonly #indices = new Map<string, number>()
  readonly #calls = new Map<string, Map<string, Calls>>()
  /** How many parents have been forgotten before they came, or did not come. */
  forgotten = 0

  add(linked: LinkedSpan): void {
    const { span, service, owner, start, end } = linked
    if (span.parentId !== 0n && span.parentId !== span.spanId) this.#tellParent(linked)
    owner.selfTime += Math.max(0, end - start)
    const at = this.#find(span.spanId)
    const links = this.#young
    if (links.owners[at] !== undefined) return
    links.become(at, linked)
    const children = links.children[at]
    if (children === undefined) return
    owner.selfTime -= lengthWithin(children.covered, start, end)
    const { waiting = [] } = children
    for (let each = 0; each < waiting.length; each += 4) {
      const [to = 0, count = 0, failed = 0, total = 0] = waiting.slice(each, each + 4)
      this.#call(service, this.#services[to] ?? '', { count, failed, total })
    }
    children.waiting = undefined
  }

  #tellParent({ span, service, start, end, failed }: LinkedSpan): void {
    const at = this.#find(span.parentId)
    const { owners, services, starts, ends, children } = this.#young
    const duration = Math.max(0, end - start)
    const owner = owners[at]
    const found = children[at]
    if (owner !== undefined) {
      const covered = found?.covered ?? []
      children[at] ??= { covered, waiting: undefined }
      owner.selfTime -= cover(covered, Math.max(start, starts[at] ?? 0), Math.min(end, ends[at] ?? 0))
      this.#call(services[at] ?? '', service, { count: 1, failed: failed ? 1 : 0, total: duration })
    } else if (found?.waiting === undefined) {
      children[at] = {
        covered: end > start ? [start, end] : [],
        waiting: [this.#indexOf(service), 1, failed ? 1 : 0, duration],
      }
    } else {
      cover(found.covered, start, end)
      addWaiting(found.waiting, this.#indexOf(service), failed, duration)
    }
  }

  #indexOf(service: string): number {
    const known = this.#indices.get(service)
    if (known !== undefined) return known
    if (this.#services.length > MOST_SERVICES) return MOST_SERVICES
    const name = this.#services.length === MOST_SERVICES ? OTHERS : service
    this.#indices.set(name, this.#services.length)
    return this.#services.push(name) - 1
  }

  /** Where a span is among the young ones, or is to be. */
  #find(id: bigint): number {
    if (this.#young.isFull) {
      this.forgotten += this.#old?.unknown ?? 0
      const young = this.#old ?? new LinkTable(LINKS)
      young.clear()
      this.#old = this.#young
      this.#young = young
    }
    return this.#young.find(id, this.#old)
  }

  #call(from: string, to: string, { count, failed, total }: Omit<Calls, 'from' | 'to'>): void {
    if (from === to) return
    const ofCaller = this.#calls.get(from) ?? new Map<string, Calls>()
    this.#calls.set(from, ofCaller)
    const calls = ofCaller.get(to) ?? { from, to, count: 0, failed: 0, total: 0 }
    ofCaller.set(to, calls)
    calls.count += count
    calls.failed += failed
    calls.total += total
  }

  /** The most frequent first. */
  calls(): Calls[] {
    const all = [...this.#calls.values()].flatMap((ofCaller) => [...ofCaller.values()])
    return all.sort((a, b) => b.count - a.count || (a.from + a.to < b.from + b.to ? -1 : 1))
  }
}

/** See `Children.waiting`. */
function addWaiting(waiting: number[], service: number, failed: boolean, duration: number): void {
  let at = 0
  while (at < waiting.length && waiting[at] !== service) at += 4
  if (at === waiting.length) waiting.push(service, 0, 0, 0)
  waiting[at + 1] = (waiting[at + 1] ?? 0) + 1
  waiting[at + 2] = (waiting[at + 2] ?? 0) + (failed ? 1 : 0)
  waiting[at + 3] = (waiting[at + 3] ?? 0) + duration
}

/** Adds a stretch. Most come in the order of their ends, so the last ones are looked at first. @returns how much more is covered */
function cover(covered: number[], start: number, end: number): number {
  if (end <= start) return 0
  if (covered.length === 0 || (covered.at(-1) ?? 0) < start) {
    covered.push(start, end)
    return end - start + (covered.length > 4 * MOST_STRETCHES ? closeGaps(covered) : 0)
  }
  let [from, to] = [start, end]
  let already = 0
  let at = covered.length
  while (at > 0 && (covered[at - 2] ?? 0) > end) at -= 2
  const behind = covered.splice(at)
  while (covered.length > 0 && (covered.at(-1) ?? 0) >= from) {
    const [last, first] = [covered.pop() ?? to, covered.pop() ?? from]
    already += last - first
    to = Math.max(to, last)
    from = Math.min(from, first)
  }
  covered.push(from, to, ...behind)
  return to - from - already
}

/** Takes the gaps between the earliest stretches for covered. @returns how long they are */
function closeGaps(covered: number[]): number {
  let gaps = 0
  for (let at = 1; at < 2 * MOST_STRETCHES; at += 2) gaps += (covered[at + 1] ?? 0) - (covered[at] ?? 0)
  covered.splice(1, 2 * MOST_STRETCHES)
  return gaps
}

function lengthWithin(covered: readonly number[], start: number, end: number): number {
  let length = 0
  for (let at = 0; at < covered.length; at += 2) {
    length += Math.max(0, Math.min(end, covered[at + 1] ?? 0) - Math.max(start, covered[at] ?? 0))
  }
  return length
}
