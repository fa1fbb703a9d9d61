// Other formats of traces.
export { EXPORT_FORMATS, type ExportFormat, exportTraces } from './export.js'
export { type ImportFormat, type ImportOptions, importSpans } from './import.js'
export { KIND_KEY, kindOf, untoldKind } from './kinds.js'
export { OTLP_KEYS } from './otlp-write.js'
