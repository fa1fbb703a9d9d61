import { hasJava, localTable } from '../local-table.js'
import type { Row, Run, Side } from '../row.js'
import { timed } from '../sides.js'

/** A workload on a table of DynamoDB Local, which both sides write to. */
function onTable(workload: string): Side {
  return async (run: Run) => {
    await localTable(run)
    return timed('dynamo', workload)(run)
  }
}

/** Left out, as `npm run bench` then says, where there is no Java 17 for DynamoDB Local. */
export const dynamoRows: readonly Row[] = hasJava
  ? [
      {
        name: 'dynamo-write',
        title: 'a span written to DynamoDB Local, 25 a call, 4 calls at once',
        unit: 'ns',
        sides: { trace: onTable('trace'), 'bare BatchWriteItem': onTable('bare') },
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
        ],
        starts: 3,
        samples: 5,
      },
    ]
  : []
