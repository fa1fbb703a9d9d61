import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { span } from '@trace/core'
import { traceNode } from '@trace/http/node'
import { port, report, tracerOf } from './service.js'

const SHELVES: Readonly<Record<string, { count: number; delay: number }>> = {
  book: { count: 12, delay: 6 },
  sofa: { count: 1, delay: 400 },
}

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const item = req.url?.split('/').at(-1) ?? ''
  try {
    const shelf = await span('db', `select ${item}`, async () => {
      const found = SHELVES[item]
      await sleep(found?.delay ?? 3)
      if (found === undefined) throw new RangeError(`there is no shelf for ${item}`)
      return found
    })
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ count: shelf.count }))
  } catch (error) {
    res.writeHead(500).end(String(error))
  }
}

const server = createServer(traceNode(handle, { tracer: tracerOf('inventory'), honorReqHeader: true }))
report(server)
server.listen(port, '127.0.0.1')
