import { spawnSync } from 'node:child_process'
import type { Row, Run, Side } from '../harness/row.js'
import { startTable } from '../workloads/local-table.js'
import { timed } from '../workloads/sides.js'

/** Turns that do not count: until DynamoDB Local is compiled too, a turn takes up to three times as long. */
const WARM_UP_TURNS = 6

/** A workload that writes to a table of DynamoDB Local. All sides write to the same table. */
function onTable(workload: string): Side {
  return async (run: Run) => {
    await startTable(run.folder)
    const probe = await timed('dynamo', run.quick ? `${workload}-few` : workload)(run)
    for (let turn = 0; turn < WARM_UP_TURNS && !run.quick; turn++) await probe.sample()
    return probe
  }
}

/** DynamoDB Local needs Java 17 or later. */
function obstacle(): string | undefined {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
  return version >= 17 ? undefined : 'DynamoDB Local needs Java 17 or later, which is not installed.'
}

export const dynamoRows: readonly Row[] = [
  {
    name: 'dynamo-write',
    title: 'a span written to DynamoDB Local: 25 per call, 4 calls at once, records of 512',
    unit: 'ns',
    obstacle,
    sides: {
      trace: onTable('trace'),
      'bare BatchWriteItem': onTable('bare'),
      // Like the recorder, this client copies no items for a logger.
      'lean client': onTable('lean'),
    },
    readings: [
      {
        label: 'of the rate of bare calls',
        of: 'bare BatchWriteItem',
        dividedBy: 'trace',
        goal: { atLeast: 0.95 },
      },
      {
        label: 'times as long as bare calls; the goal by processor time is at most 1.3',
        of: 'trace',
        dividedBy: 'bare BatchWriteItem',
      },
      {
        label: "of the rate of bare calls by a client with the recorder's settings",
        of: 'lean client',
        dividedBy: 'trace',
      },
      { label: 'times as long as those', of: 'trace', dividedBy: 'lean client' },
    ],
    starts: 2,
    samples: 25,
  },
]
