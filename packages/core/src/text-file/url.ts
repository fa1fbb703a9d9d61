import type { Recorder } from '../contract/recorder.js'
import { TraceError } from '../values/errors.js'
import type { TextReader, TextReaderOptions } from './text-reader.js'
import type { TextFileOptions, TextRecorderOptions } from './text-recorder.js'

/** The path that means standard output. */
const STANDARD_OUTPUT = '-'

type UrlOptions = Omit<TextFileOptions, 'path' | 'stream'>

const OPTIONS: Readonly<Record<keyof UrlOptions, 'number' | 'boolean'>> = {
  maxBytes: 'number',
  maxAge: 'number',
  keepFiles: 'number',
  gzip: 'boolean',
  fsync: 'boolean',
}

/**
 * Opens the recorder of a URL such as `yaml:traces.yaml`, `yaml:/var/log/traces.yaml?maxBytes=100000000&keepFiles=10`, or `yaml:-`
 * for standard output.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form, `TRACE_BAD_OPTION` for options that the recorder does not take
 */
export function recorderOfUrl(url: URL, recorder: (options: TextRecorderOptions) => Recorder): Recorder {
  const path = pathOf(url)
  const options = optionsOf(url)
  if (path !== STANDARD_OUTPUT) return recorder({ ...options, path })
  if (Object.keys(options).length > 0) throw badUrl(url, 'options are for files; standard output takes none')
  return recorder({ stream: process.stdout })
}

/**
 * Opens the reader of a URL such as `yaml:traces.yaml`. Takes the URL of a recorder too, whose options do not matter here.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form, or means standard output
 */
export function readerOfUrl(url: URL, reader: (options: TextReaderOptions) => TextReader): TextReader {
  const path = pathOf(url)
  optionsOf(url)
  if (path === STANDARD_OUTPUT) throw badUrl(url, 'standard output cannot be read; give the path of a file')
  return reader({ path })
}

function pathOf(url: URL): string {
  if (url.host !== '')
    throw badUrl(url, `there is no // before a path; write ${url.protocol}${url.host}${url.pathname}`)
  if (url.hash !== '') throw badUrl(url, 'fragments (#…) are not supported; write a # of the path as %23')
  if (url.pathname === '')
    throw badUrl(url, `give the path of a file, as in ${url.protocol}traces, or - for standard output`)
  try {
    return decodeURIComponent(url.pathname)
  } catch {
    throw badUrl(url, 'write a % of the path as %25')
  }
}

function optionsOf(url: URL): UrlOptions {
  const options: Record<string, number | boolean> = {}
  for (const [name, text] of url.searchParams) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const known = Object.keys(OPTIONS).join(', ')
      throw badUrl(url, `unknown option ${name}; the options are: ${known}. Write a ? of the path as %3F`)
    }
    if (Object.hasOwn(options, name)) throw badUrl(url, `the option ${name} is there twice`)
    const isNumber = Reflect.get(OPTIONS, name) === 'number'
    if (!(isNumber ? /^\d+$/ : /^(?:true|false)$/).test(text)) {
      throw badUrl(url, `option ${name}: expected ${isNumber ? 'a whole number' : 'true or false'}`)
    }
    options[name] = isNumber ? Number(text) : text === 'true'
  }
  return options
}

function badUrl(url: URL, advice: string): TraceError {
  return new TraceError('TRACE_BAD_URL', `${url.href}: ${advice}`)
}
