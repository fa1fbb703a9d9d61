import { hasJava, localTable } from '../local-table.js'
import type { Row, Run, Side } from '../row.js'
import { timed } from '../sides.js'

/** Turns that are not counted, until the engine and both sides are compiled: the first take three times as long. */
const WARM_UP_TURNS = 6

/** A workload on a table of DynamoDB Local, which all sides write to. */
function onTable(workload: string): Side {
  return async (run: Run) => {
    await localTable(run)
    const probe = await timed('dynamo', workload)(run)
    for (let turn = 0; turn < WARM_UP_TURNS && !run.quick; turn++) await probe.sample()
    return probe
  }
}

/** Left out, as `npm run bench` then says, where there is no Java 17 for DynamoDB Local. */
export const dynamoRows: readonly Row[] = hasJava
  ? [
      {
        name: 'dynamo-write',
        title: 'a span written to DynamoDB Local, 25 a call, 4 calls at once, by records of 512',
        unit: 'ns',
        // The last is a client of the recorder's settings, which has no logger to copy items for.
        sides: { trace: onTable('trace'), 'bare BatchWriteItem': onTable('bare'), 'lean client': onTable('lean') },
        readings: [
          {
            label: 'of the rate of bare calls',
            of: 'bare BatchWriteItem',
            dividedBy: 'trace',
            goal: { atLeast: 0.95 },
          },
          {
            label: 'over bare calls; by processor time the goal is at most 1.3',
            of: 'trace',
            dividedBy: 'bare BatchWriteItem',
          },
          {
            label: "of the rate of bare calls by a client of the recorder's settings",
            of: 'lean client',
            dividedBy: 'trace',
          },
          { label: 'over those', of: 'trace', dividedBy: 'lean client' },
        ],
        starts: 2,
        samples: 25,
      },
    ]
  : []
