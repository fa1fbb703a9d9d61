// What can be said of spans: pure functions, which run in Node and in browsers.
export { type Completion, completeSearch, type KnownValues } from './search/complete.js'
export { SearchError } from './search/error.js'
export { type StoredValues, ValueCollector } from './search/known-values.js'
export { parseSearch, type Search } from './search/search.js'
export type { Term } from './search/terms.js'
export { parseDuration } from './search/values.js'
export {
  type Difference,
  type PathDifference,
  type PathFigures,
  PathStatistics,
  type PathStep,
} from './statistics/difference.js'
export { Histogram } from './statistics/histogram.js'
export type { Calls } from './statistics/links.js'
export type { StatisticsRow } from './statistics/row.js'
export {
  SpanStatistics,
  type Statistics,
  type StatisticsBy,
  type StatisticsOptions,
} from './statistics/statistics.js'
export { formatDuration } from './text/duration.js'
export { type ListedTrace, type ListOptions, listLines } from './text/list.js'
export { noteLines, type TraceNotes } from './text/notes.js'
export { type PrintOptions, printTrace, traceLines } from './text/print.js'
export { callsDot, callsLines, callsMermaid, differenceLines, statisticsLines } from './text/statistics.js'
export { columnsOf, cutToColumns, type Piece, type Style, type TextRole } from './text/styled.js'
export { type Column, type TableOptions, tableLines } from './text/table.js'
export { wrapText } from './text/wrap.js'
export { type ClockSkew, clockSkews, withoutSkew } from './tree/clock-skew.js'
export { type FoundNodes, foundNodes } from './tree/found.js'
export { type Gap, gapsIn, gapsOf } from './tree/gaps.js'
export { LedgerCollector } from './tree/ledgers.js'
export { type Loss, type Missing, type MissingParent, missingOf, type OpenSpan } from './tree/missing.js'
export type { CriticalStretch, SpanNode, TraceTree } from './tree/node.js'
export type { SpanTable } from './tree/order.js'
export { type Fold, type Row, type RowOptions, rowsOf } from './tree/rows.js'
export { buildTree, type TreeOptions } from './tree/tree.js'
