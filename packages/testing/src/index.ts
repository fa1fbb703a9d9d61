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
