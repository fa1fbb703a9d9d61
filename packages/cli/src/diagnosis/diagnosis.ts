import { buildTree, clockSkews, formatDuration, missingOf, type SpanNode } from '@trace/analysis'
import type { ReadReport } from '@trace/core'
import { onOneLine, type Span, serviceOf } from '@trace/core/spans'
import { counted } from '../terminal/values.js'
import { Calls } from './calls.js'
import type { Finding } from './finding.js'
import { Losses } from './losses.js'
import { MOST_EXAMPLES, Tally } from './tally.js'
import { UntrustedRequests } from './untrusted.js'

/** How many names of one service and kind are remembered, and from how many on names may have values in them. */
const MOST_NAMES = 1_000
const MANY_NAMES = 100

/** Traces go in, and what is wrong with the set-up comes out. Its memory is bounded by services, kinds and hosts. */
export class Diagnosis {
  traces = 0
  spans = 0
  readonly #services = new Set<string>()
  readonly #calls = new Calls()
  readonly #losses = new Losses()
  readonly #untrusted = new UntrustedRequests((span) => exampleOf({ span, service: serviceOf(span.process) }))
  readonly #missing = new Tally()
  readonly #clocks = new Map<string, { readonly what: string; readonly offsets: number[] }>()
  readonly #open = new Tally()
  readonly #names = new Map<string, { readonly names: Set<string>; count: number }>()
  #report: ReadReport | undefined

  get services(): number {
    return this.#services.size
  }

  /** Ledgers come before the traces, which they explain. */
  addLedger(span: Span): void {
    this.#losses.add(span)
  }

  /** Every record comes here before the traces. */
  addRecord(span: Span): void {
    this.#untrusted.addRequest(span)
  }

  addReport(report: ReadReport): void {
    this.#report ??= report
  }

  addTrace(spans: readonly Span[]): void {
    const tree = buildTree(spans)
    this.traces++
    this.spans += tree.nodes.length
    this.#calls.add(tree)
    for (const node of tree.nodes) this.#addSpan(node)
    for (const { node, reason } of missingOf(tree, this.#losses.ledgers()).parents) {
      if (reason === 'not known') this.#missing.add(node.service, exampleOf(node))
    }
    for (const { host, reference, offset } of clockSkews(tree)) {
      const what = `${host}\n${reference}`
      const found = this.#clocks.get(what) ?? { what, offsets: [] }
      if (found.offsets.length < MOST_NAMES) found.offsets.push(offset)
      this.#clocks.set(what, found)
    }
  }

  #addSpan(node: SpanNode): void {
    const { span, service } = node
    this.#services.add(service)
    this.#untrusted.addCaller(span)
    if (span.finish === undefined) this.#open.add(service, exampleOf(node))
    const key = `${service}\n${span.kind}`
    const known = this.#names.get(key) ?? { names: new Set(), count: 0 }
    this.#names.set(key, known)
    known.count++
    if (known.names.size < MOST_NAMES) known.names.add(span.name)
  }

  /** What is wrong: what loses most comes first. */
  findings(): Finding[] {
    return [
      ...this.#losses.findings(),
      ...this.#untrusted.known.map((service, count, examples) => ({
        finding: 'not-trusted' as const,
        what: `${service} began ${counted(count, 'trace')} of its own for calls that came with the ids of another`,
        count,
        examples,
        advice: `if only your own services reach ${service}, give its middleware honorReqHeader: true`,
      })),
      ...this.#calls.dropped().map(({ from, to, count, examples }) => ({
        finding: 'header-dropped' as const,
        what: `${to} began ${counted(count, 'trace')} of its own while ${from} called it`,
        count,
        examples,
        advice: `look at what is between ${from} and ${to}: a proxy may drop the header, or ${from} makes these calls without traceClients(tracer)`,
      })),
      ...this.#missing.map((service, count, examples) => ({
        finding: 'parent-missing' as const,
        what: `${counted(count, 'span')} of ${service} ${count === 1 ? 'has' : 'have'} a parent that is not stored`,
        count,
        examples,
        advice:
          'read the files of all hosts together: trace doctor a.yaml b.yaml. If these are all, the caller does not record',
      })),
      ...[...this.#clocks.values()].map(clockFinding),
      ...this.#unboundedNames(),
      ...this.#open.map((service, count, examples) => ({
        finding: 'never-ended' as const,
        what: `${counted(count, 'span')} of ${service} never ended`,
        count,
        examples,
        advice:
          'the process may still run. If it was killed, have it close the tracer (closeOnSignals); if it closed it, finish each span that start() gives',
      })),
      ...this.#reported(),
    ]
  }

  /** What is no fault of the set-up, and yet may be worth knowing. */
  notes(): string[] {
    return this.#untrusted
      .strangers()
      .map(
        (service, count) =>
          `${service} got ${counted(count, 'request')} with ids of a caller that is not in what was read, and began its own traces: a stranger, or a service whose store is to be read with it`,
      )
  }

  #unboundedNames(): Finding[] {
    return [...this.#names].flatMap(([key, { names, count }]): Finding[] => {
      if (names.size < MANY_NAMES || names.size < count / 2) return []
      const [service = '', kind = ''] = key.split('\n').map((word) => onOneLine(word, 60))
      const many = names.size >= MOST_NAMES ? `${MOST_NAMES} or more` : String(names.size)
      return [
        {
          finding: 'names-with-values',
          what: `${service} has ${many} names for ${count} spans of kind ${kind}, so that statistics cannot sum them up`,
          count: names.size,
          examples: [...names].slice(0, MOST_EXAMPLES).map((name) => onOneLine(name, 80)),
          advice: 'name the activity, such as GET /users/:id, and put its values into the data',
        },
      ]
    })
  }

  #reported(): Finding[] {
    const { skipped = 0, places = [], incomplete } = this.#report ?? {}
    const findings: Finding[] = []
    if (skipped > 0) {
      findings.push({
        finding: 'torn-records',
        what: `${counted(skipped, 'record')} could not be read as spans`,
        count: skipped,
        examples: places.slice(0, MOST_EXAMPLES).map(({ at, reason }) => onOneLine(`${at}: ${reason}`)),
        advice:
          'a writer that was killed leaves a torn record at most; more of them come from a full disk, or from another program that writes there',
      })
    }
    if (incomplete !== undefined) {
      const advice = 'a later --since needs to read less'
      findings.push({ finding: 'read-in-part', what: onOneLine(incomplete), count: 1, examples: [], advice })
    }
    return findings
  }
}

function clockFinding({ what, offsets }: { readonly what: string; readonly offsets: readonly number[] }): Finding {
  const [host = '', reference = ''] = what.split('\n').map((word) => onOneLine(word, 80))
  const middle = offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 2)] ?? 0
  return {
    finding: 'clock-differs',
    what: `the clock of ${host} is ${middle > 0 ? 'ahead of' : 'behind'} that of ${reference} by some ${formatDuration(Math.abs(middle))}`,
    count: offsets.length,
    examples: [],
    advice: `let both hosts ask the same time server. trace show --correct-clocks shows traces as if they did`,
  }
}

function exampleOf({ span, service }: Pick<SpanNode, 'span' | 'service'>): string {
  const words = [service, span.kind, span.name].filter((word) => word !== '').map((word) => onOneLine(word, 60))
  return `${words.join('  ')}, trace ${span.traceId}`
}
