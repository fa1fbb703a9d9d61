// Pure functions of spans, which need nothing of Node: what looks at spans uses them in a browser too.
export { DATA_KEYS, LEDGER_KIND } from './contract/data-keys.js'
export type { PlainData, PlainValue, Span } from './contract/span.js'
export { onOneLine } from './values/display.js'
export { describe, TraceError } from './values/errors.js'
export { checkOptions, type OptionRule, optionRules } from './values/options.js'
export { eachOnce, isFailed, laterRecord, serviceOf } from './values/spans.js'
export { formatTime, parseTime } from './values/time.js'
