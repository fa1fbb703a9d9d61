import { deepStrictEqual, equal } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Add, OWN_KIND, requestSpans, type Setup } from './stand.js'

/** A log line has the ids of the span in which it is written. */
export function addLogCases(add: Add, logIds: () => object): void {
  const lines: object[] = []
  const handle: Setup['handle'] =
    ({ tracer }) =>
    async (_req, res) => {
      await sleep(2)
      const own = { ...logIds() }
      const inner = tracer.span(`${OWN_KIND}work`, 'work', () => ({ ...logIds() }))
      lines.push({ own, inner })
      res.end('fine')
    }
  add("log lines have the ids of their request's span, and of spans below it", { handle }, async (stand) => {
    lines.splice(0)
    await Promise.all([1, 2, 3].map(() => stand.client.ask({ path: '/any' })))
    const requests = await requestSpans(stand)
    const works = (await stand.spans()).filter(({ kind }) => kind.startsWith(OWN_KIND))
    const idsOf = ({ traceId, spanId }: { traceId: bigint; spanId: bigint }): object => ({
      trace_id: String(traceId),
      span_id: String(spanId),
    })
    const expected = works.map((work) => {
      const own = requests.find(({ spanId }) => spanId === work.parentId)
      return { own: own === undefined ? {} : idsOf(own), inner: idsOf(work) }
    })
    equal(requests.length, 3)
    deepStrictEqual(lines, expected)
    deepStrictEqual({ ...logIds() }, {}, 'there are ids outside of requests')
  })
}
