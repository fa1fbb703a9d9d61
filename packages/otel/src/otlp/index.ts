export { openReader, openRecorder, otlpRecorder } from './recorder.js'
export type { OtlpRecorderOptions } from './settings.js'
