export type {
  Formats,
  HttpAbilities,
  HttpRoutes,
  HttpServer,
  HttpSuiteOptions,
  MiddlewareOptions,
  Outgoing,
  StartServer,
  SuiteConnection,
  SuiteHandler,
  SuiteRequest,
  SuiteResponse,
  SuiteSession,
  SuiteSocket,
  SuiteStream,
} from './http/server.js'
export { httpSuite } from './http/suite.js'
export { readerSuite } from './store/reader-suite.js'
export { recorderSuite } from './store/recorder-suite.js'
export type {
  Abilities,
  Case,
  ForeignStore,
  ReaderSuiteOptions,
  RecorderSuiteOptions,
  SpanSource,
  TestStore,
} from './suite.js'
export { assertCount, assertTree, type SpanCount, type SpanFilter } from './trees/assert.js'
export { countingIds, type RunOptions, runTraced, type TracedRun, tickingClock } from './trees/run.js'
export { type TreeOptions, treeText } from './trees/text.js'
