export { readerSuite } from './reader-suite.js'
export { recorderSuite } from './recorder-suite.js'
export type {
  Abilities,
  Case,
  ForeignStore,
  ReaderSuiteOptions,
  RecorderSuiteOptions,
  SpanSource,
  TestStore,
} from './suite.js'
