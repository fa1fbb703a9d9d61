import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import net, { type AddressInfo } from 'node:net'

/** A forward proxy: it forwards requests for an absolute URL, and opens tunnels. */
export interface ForwardProxy {
  readonly port: number
  readonly url: string
  /** The requests that it got, including those for tunnels. */
  readonly asked: readonly IncomingMessage[]
  close(): void
}

export async function forwardProxy(): Promise<ForwardProxy> {
  const asked: IncomingMessage[] = []
  const server = http.createServer((req, res) => {
    asked.push(req)
    const { method, url = '', rawHeaders } = req
    const target = new URL(url)
    const options = { host: target.hostname, port: target.port, method, path: target.pathname + target.search }
    const request = http.request({ ...options, headers: rawHeaders }, (answer) => {
      answer.pipe(res.writeHead(answer.statusCode ?? 0))
    })
    req.pipe(request.on('error', () => res.destroy()))
  })
  server.on('connect', (req, socket) => {
    asked.push(req)
    const target = net.connect(Number(req.url?.split(':').at(-1)), 'localhost', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
