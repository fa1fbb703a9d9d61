import http, { type IncomingMessage } from 'node:http'

/** Time between the headers and the end of a slow response, in ms. */
export const SLOW = 30

/** A server that handlers call. Its requests are not traced. */
export interface Upstream {
  readonly url: string
  /** The requests that have arrived since the start. */
  readonly received: readonly IncomingMessage[]
  close(): Promise<void>
}

/**
 * Starts a server that answers `/200`, `/500/more` and the like with that status. At `/reset` it closes the connection without a
 * response, at `/cut` in the middle of the response. A response to `/slow` takes {@link SLOW} ms.
 */
export async function openUpstream(): Promise<Upstream> {
  const received: IncomingMessage[] = []
  const server = http.createServer((req, res) => {
    received.push(req)
    if (req.url === '/slow') {
      res.write('some text')
      return setTimeout(() => res.end('late'), SLOW)
    }
    if (req.url === '/reset') return req.socket.destroy()
    if (req.url !== '/cut') return res.writeHead(Number(req.url?.split('/')[1])).end('some text')
    res.writeHead(200, { 'Content-Length': '100' }).write('some text')
    return setTimeout(() => res.destroy(), 5)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Makes a request, and reads its response to the end. */
export type Way = (url: string) => Promise<unknown>

/** The functions for this that Node has. */
export const WAYS: Readonly<Record<string, Way>> = {
  fetch: async (url) => (await fetch(url)).text(),
  'http.request': (url) => read(url, (each, answer) => http.request(each, answer).end()),
  'http.get': (url) => read(url, http.get),
}

function read(
  url: string,
  send: (url: string, answer: (res: IncomingMessage) => void) => http.ClientRequest,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = send(url, (response) => {
      response.on('error', reject).on('end', () => resolve())
      response.resume()
    })
    request.on('error', reject)
  })
}
