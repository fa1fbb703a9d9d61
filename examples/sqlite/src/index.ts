import { type Recorder, TraceError, type TraceReader } from '@trace/core'
import { sqliteReader } from './reader.js'
import { sqliteRecorder } from './recorder.js'

export type { Database, SqliteOptions, Statement } from './database.js'
export { sqliteReader } from './reader.js'
export { sqliteRecorder } from './recorder.js'

/**
 * The recorder of a URL, for `openRecorder` of `@trace/core/open`: `sqlite:traces.db`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
 */
export function openRecorder(url: URL): Recorder {
  return sqliteRecorder({ path: pathOf(url) })
}

/**
 * The reader of a URL, for `openReader` of `@trace/core/open`: `sqlite:traces.db`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
 */
export function openReader(url: URL): TraceReader {
  return sqliteReader({ path: pathOf(url) })
}

function pathOf(url: URL): string {
  try {
    const path = decodeURIComponent(url.pathname)
    if (path !== '' && url.host === '' && url.search === '' && url.hash === '') return path
  } catch {
    // A % that encodes nothing.
  }
  const form = 'sqlite:traces.db or sqlite:/var/lib/traces.db; write %, ? and # of the path as %25, %3F and %23'
  throw new TraceError('TRACE_BAD_URL', `${url.protocol} needs the path of a file, as in ${form}`)
}
