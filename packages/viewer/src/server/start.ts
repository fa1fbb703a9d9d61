import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { checkOptions, type TraceReader } from '@trace/core'
import { send } from './answer.js'
import { READER_RULE, traceViewer } from './viewer.js'

/** Options of {@link startViewer}. */
export interface StartOptions {
  /** The store that is shown. */
  readonly reader: TraceReader
  /** The port on 127.0.0.1. Default: 0, for any that is free. */
  readonly port?: number
}

/** A viewer that answers; see {@link startViewer}. */
export interface StartedViewer {
  /** Where the list of traces is. It ends with a slash; behind it, `?trace=42` is one trace. Who knows it can read the store. */
  readonly url: string
  /** Ends all connections; resolves when the port is free again. */
  close(): Promise<void>
}

/** In bytes. As many bits as a key has that nobody guesses. */
const TOKEN = 16

/**
 * Serves the page that shows a store's traces on 127.0.0.1, under a path that cannot be guessed: so that other users of the machine, and
 * other programs in a browser, cannot read the store.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`; rejects with what Node says where the port cannot be had
 */
export async function startViewer(options: StartOptions): Promise<StartedViewer> {
  checkOptions('startViewer', options, {
    reader: READER_RULE,
    port: {
      expected: 'a port: an integer from 0 to 65535',
      test: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535,
    },
  })
  const token = randomBytes(TOKEN).toString('base64url')
  const wanted = digest(token)
  const answer = traceViewer({ reader: options.reader, enabled: true })
  const server = createServer((req, res) => {
    const [, given = ''] = /^\/+([^/?]*)/.exec(req.url ?? '') ?? []
    if (timingSafeEqual(digest(given), wanted)) answer(req, res)
    else refuse(req, res)
  })
  await listen(server, options.port ?? 0)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/${token}/`, close: () => close(server) }
}

/** What is compared has one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const text =
    'Nothing is here. Open the whole address that was printed when the viewer started: a part of it is secret.'
  send(req, res, { status: 404, type: 'text/plain; charset=utf-8', text })
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
