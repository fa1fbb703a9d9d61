// What can be said of spans: pure functions, which run in Node and in browsers.
export { formatDuration } from './text/duration.js'
export { type PrintOptions, printTrace, traceLines } from './text/print.js'
export { columnsOf, cutToColumns, type Style, type TextRole } from './text/styled.js'
export type { CriticalStretch, SpanNode, TraceTree } from './tree/node.js'
export { type Fold, type Row, type RowOptions, rowsOf } from './tree/rows.js'
export { buildTree } from './tree/tree.js'
