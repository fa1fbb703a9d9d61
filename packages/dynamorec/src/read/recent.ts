import type { TraceList, TraceQuery } from '@trace/core'
import { matchesFirst, newestFirst } from '@trace/core/store'
import { hourOf, INDEX_KEY, INDEX_NAME, INDEX_SHARDS, type Item, indexKey, secondsText } from '../item/item.js'
import { messageOf, nameOf } from '../table/symptoms.js'
import { Examiner } from './examine.js'
import type { Key, Query } from './query.js'

const HOUR = 3_600_000_000_000n
/** How far the clocks of hosts may differ, so that a trace's first span may start after another of its spans. */
const SLACK = 60_000_000_000n
/** How many hours the index is read hour by hour, from the newest. For older traces it is scanned. */
const MAX_HOURS = 24
/** After so many hours without a row, and no earliest time given, the walk ends where the whole index has at most so many rows. */
const QUIET_HOURS = 2
const FEW_ROWS = 500
/** How many pages of 1 MB, about 5,000 traces each, a scan of the index reads at most. */
const MAX_PAGES = 16
/** How many rows are read at once from each part of an hour, at least and at most. */
const LEAST_ROWS = 25
const MOST_ROWS = 1_000
/** Before and after all times. */
const [EVER, NEVER] = ['-100000000000', '1000000000000']

/** A row of the index: the first span of a trace, or of a process's part of it. */
interface Row {
  readonly traceId: bigint
  /** Seconds since the Unix epoch. */
  readonly start: number
  /** Whether its trace may match. A trace with several rows is read if one of them may match. */
  readonly mayMatch: boolean
}

/**
 * The traces that match, by the index of recent traces.
 *
 * @returns undefined if the table has no such index, or the index is empty
 */
export async function listFromIndex(query: Query, wanted: TraceQuery, limit: number): Promise<TraceList | undefined> {
  const examiner = new Examiner(query, wanted, limit)
  let incomplete: string | undefined
  try {
    const walk = new HourWalk(query, wanted, Math.max(LEAST_ROWS, Math.min(limit, MOST_ROWS)))
    await examiner.examine(walk.traceIds())
    if (walk.rows === 0) {
      const first = await readIndex(query, wanted, 1)
      if (first.isEmpty) return undefined
    }
    if (!walk.isWhole && !examiner.hasEnough && !examiner.isSpent) {
      const { rows, isWhole } = await readIndex(query, wanted, MAX_PAGES)
      await examiner.examine(rows.map((row) => row.traceId))
      if (!isWhole)
        incomplete =
          'only a part of the index was read; give a time range (from, to) of one day to find all traces of that day'
    }
  } catch (error) {
    if (nameOf(error) === 'ValidationException' && /index/i.test(messageOf(error))) return undefined
    throw error
  }
  if (examiner.hasEnough) incomplete = undefined
  else if (examiner.isSpent) incomplete = examiner.spentReason
  const traces = examiner.found.sort(newestFirst).slice(0, limit)
  return { traces, ...query.report, ...(incomplete === undefined ? {} : { incomplete }) }
}

/** Reads the index hour by hour, back in time. */
class HourWalk {
  /** Whether all hours asked for were read. */
  isWhole = false
  /** How many rows were read, including those that cannot match. */
  rows = 0
  readonly #query: Query
  readonly #wanted: TraceQuery
  readonly #limit: number
  #small: Promise<boolean> | undefined

  /** @param limit how many rows are read at once from each part of an hour */
  constructor(query: Query, wanted: TraceQuery, limit: number) {
    this.#query = query
    this.#wanted = wanted
    this.#limit = limit
  }

  async *traceIds(): AsyncGenerator<bigint> {
    const { from, to } = this.#wanted
    const now = BigInt(Date.now()) * 1_000_000n + SLACK
    // A time in the future finds nothing, and would cost requests for each hour until then.
    let time = to !== undefined && to + SLACK < now ? to + SLACK : now
    let quiet = 0
    for (let hours = 0; hours < MAX_HOURS; hours++) {
      if (from !== undefined && time < from - (from % HOUR)) {
        this.isWhole = to === undefined || to <= now
        return
      }
      const before = this.rows
      yield* this.#hour(hourOf(time))
      quiet = this.rows > before ? 0 : quiet + 1
      // To read a small index at once takes one request, where the hours that are left take four each.
      if (quiet === QUIET_HOURS && from === undefined && (await this.#isSmall())) return
      time -= HOUR
    }
  }

  /** Whether all rows of the index can be read at once; asked once. */
  #isSmall(): Promise<boolean> {
    this.#small ??= this.#query
      .scanPage({ IndexName: INDEX_NAME, Select: 'COUNT', Limit: FEW_ROWS }, undefined)
      .then(({ LastEvaluatedKey }) => LastEvaluatedKey === undefined)
    return this.#small
  }

  /** The rows of one hour, newest first, merged from its parts. */
  async *#hour(hour: string): AsyncGenerator<bigint> {
    const parts = Array.from({ length: Number(INDEX_SHARDS) }, (_, shard) => new Part(indexKey(hour, BigInt(shard))))
    for (;;) {
      await Promise.all(parts.map((part) => this.#fill(part)))
      let newest: Part | undefined
      for (const part of parts) if (part.start > (newest?.start ?? -Infinity)) newest = part
      const row = newest?.rows.shift()
      if (row === undefined) return
      if (row.mayMatch) yield row.traceId
    }
  }

  async #fill(part: Part): Promise<void> {
    while (part.rows.length === 0 && !part.isRead) {
      const { from, to } = this.#wanted
      const input = {
        IndexName: INDEX_NAME,
        KeyConditionExpression: `${INDEX_KEY} = :key AND start_unix BETWEEN :from AND :to`,
        ExpressionAttributeValues: {
          ':key': { S: part.key },
          ':from': { N: from === undefined ? EVER : secondsText(from - 1_000n) },
          ':to': { N: to === undefined ? NEVER : secondsText(to + SLACK) },
        },
        ScanIndexForward: false,
        Limit: this.#limit,
      }
      const page = await this.#query.query(input, part.next)
      part.next = page.LastEvaluatedKey
      part.isRead = part.next === undefined
      this.rows += page.Items?.length ?? 0
      part.rows = rowsOf(page.Items ?? [], this.#query, this.#wanted)
    }
  }
}

/** One part of an hour in the index, while it is being read. */
class Part {
  readonly key: string
  rows: Row[] = []
  next: Key | undefined
  isRead = false

  constructor(key: string) {
    this.key = key
  }

  /** Of the newest row at hand. */
  get start(): number {
    return this.rows[0]?.start ?? -Infinity
  }
}

/** The result of a scan of the index. */
interface IndexRows {
  /** Those that may match, newest first. */
  readonly rows: readonly Row[]
  readonly isWhole: boolean
  readonly isEmpty: boolean
}

async function readIndex(query: Query, wanted: TraceQuery, maxPages: number): Promise<IndexRows> {
  const rows: Row[] = []
  let next: Key | undefined
  let pages = 0
  let items = 0
  do {
    const page = await query.scanPage({ IndexName: INDEX_NAME }, next)
    for (const row of rowsOf(page.Items ?? [], query, wanted)) if (row.mayMatch) rows.push(row)
    items += page.Items?.length ?? 0
    next = page.LastEvaluatedKey
  } while (next !== undefined && ++pages < maxPages)
  return { rows: rows.sort((a, b) => b.start - a.start), isWhole: next === undefined, isEmpty: items === 0 }
}

function rowsOf(items: readonly Item[], query: Query, wanted: TraceQuery): Row[] {
  return items.map((item) => {
    const [kind, name] = [item['kind']?.S ?? '', item['name']?.S ?? '']
    const mayMatch = matchesFirst({ kind, name }, wanted) && !query.isExpired(item)
    return { traceId: BigInt(item['trace_id']?.N ?? 0), start: Number(item['start_unix']?.N), mayMatch }
  })
}
