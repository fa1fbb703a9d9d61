export { spanFromJsonLine, spanToJsonLine } from './line.js'
export { type JsonReaderOptions, jsonReader, openReader } from './reader.js'
export { type JsonRecorderOptions, jsonRecorder, openRecorder } from './recorder.js'
