// For authors of stores: what recorders and readers have in common.
export { isId } from '../values/ids.js'
export { type Plain, setEntry } from '../values/plain.js'
export { processLogger } from '../values/process-logger.js'
export { eachOnce, laterRecord } from '../values/spans.js'
export { clearInterval, clearTimeout, setInterval, setTimeout, sleep } from '../values/timers.js'
export { toPlain } from '../values/to-plain.js'
export { type CheckedQuery, checkQuery, checkSpanQuery, checkTraceId } from './check-query.js'
export { dataKey, RESERVED_KEYS, storedKey } from './keys.js'
export {
  listTraces,
  matches,
  matchesFirst,
  matchesSpanQuery,
  matchesSpans,
  needsData,
  newestFirst,
  summarize,
} from './query.js'
