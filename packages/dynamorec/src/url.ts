import { type Recorder, TraceError, type TraceReader } from '@trace/core'
import { type DynamoReaderOptions, dynamoReader } from './read/reader.js'
import { type DynamoRecorderOptions, dynamoRecorder } from './recorder.js'

/** Parameters of a URL for the recorder only, for the reader only, and for both. */
const RECORDER_PARAMETERS = ['layout', 'expireAfter', 'spool', 'spoolBytes', 'concurrency', 'attempts'] as const
const READER_PARAMETERS = ['scanPages'] as const
const BOTH = ['region', 'endpoint', 'requestTimeout', 'index'] as const
/** Their values are text, even if they look like numbers. */
const NAMES_AND_PATHS: ReadonlySet<string> = new Set(['region', 'endpoint', 'layout', 'spool'])
const PARAMETERS: ReadonlySet<string> = new Set([...RECORDER_PARAMETERS, ...READER_PARAMETERS, ...BOTH])

/**
 * The recorder of a URL, for `openRecorder` of `@trace/core/open`: `dynamodb://Traces?region=eu-west-1`. The other parameters
 * are the options of `dynamoRecorder`: `endpoint`, `layout`, `index`, `expireAfter`, `concurrency`, `attempts`, `requestTimeout`,
 * and `spool` with the path of its files and `spoolBytes`. The reader's parameters are ignored, so that one URL serves both.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form; `TRACE_BAD_OPTION` for a bad value
 */
export function openRecorder(url: URL): Recorder {
  const { table, values } = parse(url)
  const { spool: path, spoolBytes: maxBytes, scanPages: _, ...options } = values
  const spool = path === undefined ? {} : { spool: { path, ...(maxBytes === undefined ? {} : { maxBytes }) } }
  // The factory checks every value.
  return dynamoRecorder({ table, ...options, ...spool } as DynamoRecorderOptions)
}

/**
 * The reader of a URL, for `openReader` of `@trace/core/open`: `dynamodb://Traces?region=eu-west-1`. The other parameters are the
 * options of `dynamoReader`: `endpoint`, `requestTimeout`, `index`, `scanPages`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form; `TRACE_BAD_OPTION` for a bad value
 */
export function openReader(url: URL): TraceReader {
  const { table, values } = parse(url)
  for (const name of RECORDER_PARAMETERS) Reflect.deleteProperty(values, name)
  return dynamoReader({ table, ...values } as DynamoReaderOptions)
}

function parse(url: URL): { readonly table: string; readonly values: Record<string, unknown> } {
  // The table stands where a host would, or, for an ARN, right after the colon: dynamodb:arn:aws:dynamodb:…
  const table = url.host === '' ? decoded(url.pathname) : url.host
  const isPlain = url.host === '' || url.pathname === '' || url.pathname === '/'
  if (
    table === undefined ||
    table === '' ||
    !isPlain ||
    url.username !== '' ||
    url.password !== '' ||
    url.hash !== ''
  ) {
    throw new TraceError('TRACE_BAD_URL', 'dynamodb: expected a URL such as dynamodb://Traces?region=eu-west-1')
  }
  const values: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    if (!PARAMETERS.has(name)) {
      const known = [...PARAMETERS].join(', ')
      throw new TraceError(
        'TRACE_BAD_URL',
        `dynamodb: unknown parameter ${JSON.stringify(name)}; expected one of: ${known}`,
      )
    }
    values[name] = NAMES_AND_PATHS.has(name) ? text : typed(text)
  }
  return { table, values }
}

/** @returns undefined if a `%` is not followed by two hexadecimal digits */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function typed(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}
