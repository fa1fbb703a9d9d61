import { onOneLine, type Span } from '@trace/core/spans'
import { startReceiver } from '../receiver/receiver.js'
import { openTarget } from '../sources/target.js'
import { type Context, EXIT, Failure, note, print, report } from '../terminal/context.js'
import { counted } from '../terminal/values.js'

/** Options of `trace collect`. */
export interface CollectFlags {
  readonly to?: string
  readonly host: string
  readonly port: number
  readonly json?: boolean
}

/** `trace collect`: receives spans until Ctrl-C. */
export async function collectSpans(context: Context, { to, host, port, json }: CollectFlags): Promise<void> {
  const recorder = to === undefined ? undefined : await openTarget(context.cwd, to)
  const receiver = await startReceiver({
    host,
    port,
    record: (spans) => (recorder === undefined ? printSpans(context, spans) : recorder.record(spans)),
    onFirstLoss: (reason) => note(context, `not taken: ${onOneLine(reason)}; others are counted until the end`),
  }).catch((error: unknown) => {
    throw cannotListen(error, host, port)
  })
  // Spans have standard output to themselves.
  if (recorder === undefined) note(context, receiver.url)
  else print(context, [receiver.url])
  note(context, `records what it receives by OTLP/HTTP${to === undefined ? '' : ` into ${to}`} until Ctrl-C`)
  await aborted(context.signal)
  try {
    await receiver.close()
  } finally {
    await recorder?.close?.()
  }
  const { requests, refused, spans, rejected } = receiver.received
  if (spans === 0) context.process.exitCode = EXIT.nothing
  const where = to === undefined ? '' : ` into ${to}`
  const losses = [
    ...(rejected > 0 ? [`${counted(rejected, 'span')} not taken`] : []),
    ...(refused > 0 ? [`${counted(refused, 'request')} refused`] : []),
  ]
  const text = [`received ${counted(spans, 'span')} in ${counted(requests, 'request')}${where}`, ...losses].join('; ')
  report(context, text, {
    json,
    object: { spans, requests, rejected, refused, to: to ?? null },
    isTaken: to === undefined,
  })
}

async function printSpans({ process }: Context, spans: readonly Span[]): Promise<void> {
  const { spanToJsonLine } = await import('@trace/jsonrec')
  process.stdout.write(spans.map(spanToJsonLine).join(''))
}

function cannotListen(error: unknown, host: string, port: number): unknown {
  const code: unknown = Reflect.get(Object(error), 'code')
  if (code === 'EADDRINUSE')
    return new Failure(`port ${port} is in use, perhaps by another collector; choose another --port`)
  if (code === 'EACCES')
    return new Failure(`this user may not listen on port ${port}; choose another --port, above 1023`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Failure(`${onOneLine(host)} is no address of this machine; choose another --host`)
  return error
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
