import { formatTime, type Span, serviceOf } from '@trace/core/spans'
import { counted } from '../terminal/values.js'
import type { Finding } from './finding.js'
import { Tally } from './tally.js'

/** What ledgers say was lost. */
export class Losses {
  /** Those that tell of a loss. */
  readonly #ledgers = new Map<string, Span>()

  /** Of several records of one ledger, the latest says most. */
  add(span: Span): void {
    if (lossesOf(span).length === 0) return
    const key = `${span.traceId}:${span.spanId}`
    const known = this.#ledgers.get(key)
    if (known === undefined || (known.finish ?? known.start) < (span.finish ?? span.start)) this.#ledgers.set(key, span)
  }

  ledgers(): Iterable<Span> {
    return this.#ledgers.values()
  }

  findings(): Finding[] {
    const lost = new Tally()
    for (const ledger of this.#ledgers.values()) {
      const { process, start, finish = start } = ledger
      for (const [reason, count] of lossesOf(ledger)) {
        const example = `${process} from ${timeOf(start)} to ${timeOf(finish)}: ${count}`
        lost.add(`${serviceOf(process)}\n${reason}`, example, count)
      }
    }
    return lost.map(lostFinding)
  }
}

/** How many spans a ledger says were lost, by reason. */
function lossesOf({ data }: Span): (readonly [reason: string, count: number])[] {
  return Object.entries(data).flatMap(([key, count]) => {
    const reason = key === 'failed' ? key : /^dropped\.([a-z_]{1,40})$/.exec(key)?.[1]
    return reason !== undefined && typeof count === 'number' && count > 0 ? [[reason, count] as const] : []
  })
}

const LOSSES: Readonly<Record<string, readonly [why: string, advice: string]>> = {
  queue_full: [
    'its queue was full',
    'the store is slower than the spans come: give the tracer a larger buffer, a faster store, or a sampler',
  ],
  closed: ['its tracer was closed', 'close the tracer after all else: what ends later has nowhere to go'],
  failed: [
    'its store did not take them',
    'look for warnings of the tracer in its log: a full disk, a wrong path, or missing rights',
  ],
}

function lostFinding(key: string, count: number, examples: readonly string[]): Finding {
  const [service = '', reason = ''] = key.split('\n')
  const [why, advice] = LOSSES[reason] ?? [reason, 'look at the stats() of its tracer']
  return { finding: 'lost-spans', what: `${service} lost ${counted(count, 'span')}: ${why}`, count, examples, advice }
}

function timeOf(time: bigint): string {
  try {
    return formatTime(time)
  } catch {
    return `${time} ns`
  }
}
