import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { importSpans } from '@trace/analysis/formats'
import { onOneLine, type Span } from '@trace/core/spans'
import { openTarget } from '../sources/target.js'
import { type Context, EXIT, Failure, note, report } from '../terminal/context.js'
import { Progress } from '../terminal/progress.js'
import { counted } from '../terminal/values.js'

/** Options of `trace import`. */
export interface ImportFlags {
  readonly to?: string
  readonly json?: boolean
}

/** `trace import`. */
export async function importFiles(
  context: Context,
  { to, json }: ImportFlags,
  files: readonly string[],
): Promise<void> {
  if (files.length === 0) throw new Failure('expected a file, or - for standard input')
  const recorder = to === undefined ? undefined : await openTarget(context.cwd, to)
  let isDone = false
  const sum = { spans: 0, skipped: 0, first: '' }
  const progress = new Progress(context, 'spans imported')
  try {
    for (const file of files) {
      const options = {
        onSkipped: (at: string, reason: string) => {
          if (sum.skipped++ === 0) sum.first = `${file}, ${at}: ${reason}`
        },
      }
      for await (const spans of importSpans(chunksOf(context, file), options)) {
        context.signal.throwIfAborted()
        if (recorder === undefined) await printSpans(context, spans)
        else await recorder.record(spans)
        sum.spans += spans.length
        progress.step(spans.length)
      }
    }
    isDone = true
  } finally {
    progress.end()
    await recorder?.close?.()
    // Another program may record there as well, so that the store is not removed.
    if (!isDone && to !== undefined && sum.spans > 0) {
      note(context, `${counted(sum.spans, 'span')} of these files were imported into ${to} before this`)
    }
  }
  if (sum.spans === 0) context.process.exitCode = EXIT.nothing
  const text = `imported ${counted(sum.spans, 'span')}${to === undefined ? '' : ` into ${to}`}`
  const object = { spans: sum.spans, skipped: sum.skipped, to: to ?? null }
  if (sum.skipped > 0) note(context, `${counted(sum.skipped, 'record')} skipped; the first, at ${onOneLine(sum.first)}`)
  report(context, text, { json, object, isTaken: to === undefined })
}

async function printSpans({ process }: Context, spans: readonly Span[]): Promise<void> {
  const { spanToJsonLine } = await import('@trace/jsonrec')
  process.stdout.write(spans.map(spanToJsonLine).join(''))
}

async function* chunksOf({ cwd, stdin }: Context, file: string): AsyncGenerator<string> {
  const bytes = file === '-' ? (stdin ?? []) : createReadStream(resolve(cwd, file))
  const decoder = new TextDecoder()
  for await (const chunk of file.endsWith('.gz') ? await unpacked(bytes) : bytes) {
    yield decoder.decode(chunk as Uint8Array, { stream: true })
  }
  yield decoder.decode()
}

async function unpacked(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const [{ Readable }, { createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')])
  const packed = Readable.from(bytes, { objectMode: false })
  const plain = createGunzip()
  packed.on('error', (error) => plain.destroy(error))
  return packed.pipe(plain)
}
