import type { Recorder } from '../contract/recorder.js'
import { TraceError } from '../values/errors.js'
import type { TextReader, TextReaderOptions } from './text-reader.js'
import type { TextRecorderOptions } from './text-recorder.js'

/** Stands for standard output where a path is expected. */
const STANDARD_OUTPUT = '-'

/**
 * The recorder of a URL such as `yaml:traces.yaml`, `yaml:/var/log/traces.yaml`, or `yaml:-` for standard output.
 *
 * @throws {TraceError} `TRACE_BAD_URL` where the URL is of another form
 */
export function recorderOfUrl(url: URL, recorder: (options: TextRecorderOptions) => Recorder): Recorder {
  const path = pathOf(url)
  return path === STANDARD_OUTPUT ? recorder({ stream: process.stdout }) : recorder({ path })
}

/**
 * The reader of a URL such as `yaml:traces.yaml`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` where the URL is of another form, or stands for standard output
 */
export function readerOfUrl(url: URL, reader: (options: TextReaderOptions) => TextReader): TextReader {
  const path = pathOf(url)
  if (path === STANDARD_OUTPUT) throw badUrl(url, 'standard output cannot be read back; give the path of a file')
  return reader({ path })
}

function pathOf(url: URL): string {
  if (url.host !== '') throw badUrl(url, `a path has no // before it; write ${url.protocol}${url.host}${url.pathname}`)
  if (url.search !== '') throw badUrl(url, 'there are no options after ?; a ? of the path itself is written %3F')
  if (url.hash !== '') throw badUrl(url, 'there is nothing to say after #; a # of the path itself is written %23')
  if (url.pathname === '')
    throw badUrl(url, `give the path of a file, as in ${url.protocol}traces, or - for standard output`)
  try {
    return decodeURIComponent(url.pathname)
  } catch {
    throw badUrl(url, 'a % of the path itself is written %25')
  }
}

function badUrl(url: URL, advice: string): TraceError {
  return new TraceError('TRACE_BAD_URL', `${url.href}: ${advice}`)
}
