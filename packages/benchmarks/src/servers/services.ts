import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { span } from '@trace/core'
import type { Variant } from './applications.js'

/** Three services in one process. */
export interface Services {
  /** The one that the load calls. */
  readonly server: Server
  /** Resolves, once no span waits, to how many all three have recorded. */
  readonly spans: () => Promise<number>
}

/**
 * Starts three services, each with a tracer of its own: for each request the first calls the two others, one after the other.
 *
 * @param variantFor makes the variant of a service
 */
export async function startServices(variantFor: (service: string) => Promise<Variant>): Promise<Services> {
  const [orders, stock, audit] = [await variantFor('orders'), await variantFor('stock'), await variantFor('audit')]
  const stockServer = serverOf(stock, async (_req, res) => {
    await span('db', 'select', async () => {})
    res.end('{"left":3}')
  })
  const auditServer = serverOf(audit, (_req, res) => void res.end())
  const urls = [`${await listen(stockServer)}/stock/42`, `${await listen(auditServer)}/log`]
  const agent = new http.Agent({ keepAlive: true })
  orders.clients?.()
  const server = serverOf(orders, async (_req, res) => {
    for (const url of urls) await call(url, agent)
    res.end('{"id":42}')
  })
  const all = [orders, stock, audit]
  return {
    server,
    spans: async () => (await Promise.all(all.map(({ spans }) => spans()))).reduce((sum, each) => sum + each),
  }
}

function serverOf(variant: Variant, handler: RequestListener): Server {
  const server = http.createServer(variant.node?.(handler) ?? handler)
  // Connections are idle while other sides are measured.
  server.keepAliveTimeout = 0
  return server
}

/** @returns its URL */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function call(url: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, (res) => res.resume().on('end', resolve)).on('error', reject)
  })
}
