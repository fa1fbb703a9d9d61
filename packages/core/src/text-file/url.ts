import type { Recorder } from '../contract/recorder.js'
import { TraceError } from '../values/errors.js'
import type { TextReader, TextReaderOptions } from './text-reader.js'
import type { TextRecorderOptions } from './text-recorder.js'

/** The path that means standard output. */
const STANDARD_OUTPUT = '-'

/**
 * Opens the recorder of a URL such as `yaml:traces.yaml`, `yaml:/var/log/traces.yaml`, or `yaml:-` for standard output.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
 */
export function recorderOfUrl(url: URL, recorder: (options: TextRecorderOptions) => Recorder): Recorder {
  const path = pathOf(url)
  return path === STANDARD_OUTPUT ? recorder({ stream: process.stdout }) : recorder({ path })
}

/**
 * Opens the reader of a URL such as `yaml:traces.yaml`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form, or means standard output
 */
export function readerOfUrl(url: URL, reader: (options: TextReaderOptions) => TextReader): TextReader {
  const path = pathOf(url)
  if (path === STANDARD_OUTPUT) throw badUrl(url, 'standard output cannot be read; give the path of a file')
  return reader({ path })
}

function pathOf(url: URL): string {
  if (url.host !== '')
    throw badUrl(url, `there is no // before a path; write ${url.protocol}${url.host}${url.pathname}`)
  if (url.search !== '') throw badUrl(url, 'options (?…) are not supported; write a ? of the path as %3F')
  if (url.hash !== '') throw badUrl(url, 'fragments (#…) are not supported; write a # of the path as %23')
  if (url.pathname === '')
    throw badUrl(url, `give the path of a file, as in ${url.protocol}traces, or - for standard output`)
  try {
    return decodeURIComponent(url.pathname)
  } catch {
    throw badUrl(url, 'write a % of the path as %25')
  }
}

function badUrl(url: URL, advice: string): TraceError {
  return new TraceError('TRACE_BAD_URL', `${url.href}: ${advice}`)
}
