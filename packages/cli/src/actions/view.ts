import { basename } from 'node:path'
import { startViewer } from '@trace/viewer'
import { sourceIn } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { checkTraceId, resolveTrace } from '../sources/resolve.js'
import { type Context, Failure, note, print } from '../terminal/context.js'

/** Options of `trace view`. */
export interface ViewFlags {
  readonly from?: readonly string[]
  readonly open: boolean
  readonly port?: number
}

/** `trace view`: serves the page until Ctrl-C. */
export async function viewStore(context: Context, flags: ViewFlags, words: readonly string[]): Promise<void> {
  const isSource = sourceIn(context.cwd)
  const ids = words.filter((word) => !isSource(word))
  const [id] = ids
  if (ids.length > 1) throw new Failure(`expected one trace, got ${ids.join(' and ')}`)
  if (id !== undefined) checkTraceId(id)
  const reader = await openSources(context, [...(flags.from ?? []), ...words.filter(isSource)])
  const spans = id === undefined ? [] : await resolveTrace(context, reader, id)
  const { port = 0 } = flags
  const viewer = await startViewer({ reader, port }).catch((error: unknown) => {
    if (codeOf(error) !== 'EADDRINUSE') throw error
    throw new Failure(`port ${port} is in use; choose another --port, or none for any that is free`)
  })
  try {
    const url = spans[0] === undefined ? viewer.url : `${viewer.url}?trace=${spans[0].traceId}`
    print(context, [url])
    note(context, `shows ${reader.name} until Ctrl-C`)
    if (flags.open) await openBrowser(context, url)
    await aborted(context.signal)
  } finally {
    await viewer.close()
  }
}

async function openBrowser(context: Context, url: string): Promise<void> {
  const cannot = (reason: string): void => note(context, `cannot open a browser (${reason}); open the address yourself`)
  try {
    const { default: open } = await import('open')
    const launcher = await open(url)
    launcher.on('error', ({ message }) => cannot(message))
    launcher.on('exit', (code) => {
      if (code !== null && code !== 0) cannot(`${basename(launcher.spawnfile)} found none that starts`)
    })
  } catch (error) {
    cannot(error instanceof Error ? error.message : String(error))
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
}
