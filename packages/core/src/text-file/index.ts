// For authors of stores that are text files. Some exports are those of store/index.ts: so their packages load one entry.
export { dataKey, storedKey } from '../store/keys.js'
export { isId } from '../values/ids.js'
export { setEntry } from '../values/plain.js'
export { formatTime } from '../values/time.js'
export { Batch, type WriteSpan } from './batch.js'
export { numberText, parseJson, plainJson, RefusedJson } from './json.js'
export type { Piece, PieceScanner, ReadFormat, ScanStart } from './read-format.js'
export { encodingProblem, Report } from './report.js'
export { readTime, SpanDraft, wellFormedKeys } from './span-draft.js'
export { type TextReader, type TextReaderOptions, textReader } from './text-reader.js'
export {
  type TextFileOptions,
  type TextRecorderOptions,
  type TextStreamOptions,
  textRecorder,
  type WriteFormat,
} from './text-recorder.js'
export { readerOfUrl, recorderOfUrl } from './url.js'
export { textOf, Utf8Piece, Utf8Text } from './utf8-text.js'
