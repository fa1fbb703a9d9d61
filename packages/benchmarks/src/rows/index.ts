import type { Row } from '../harness/row.js'
import { commandRows } from './command.js'
import { dynamoRows } from './dynamo.js'
import { footprintRows } from './footprint.js'
import { httpRows } from './http.js'
import { queryRows } from './query.js'
import { scaleRows } from './scale.js'
import { spanRows } from './span.js'
import { yamlRows } from './yaml.js'

/** All rows of the table, in order. */
export const rows: readonly Row[] = [
  ...spanRows,
  ...queryRows,
  ...httpRows,
  ...yamlRows,
  ...dynamoRows,
  ...commandRows,
  ...footprintRows,
  ...scaleRows,
]
