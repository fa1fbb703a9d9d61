import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { span } from '@trace/core'
import { traceNode } from '@trace/http/node'
import { openDatabase } from './database.js'
import { port, report, tracerOf } from './service.js'

const tracer = tracerOf('inventory')
const database = await openDatabase(
  `CREATE TABLE shelves (item TEXT PRIMARY KEY, count INTEGER NOT NULL, supplier TEXT);
  INSERT INTO shelves VALUES ('book', 12, NULL), ('sofa', 1, 'sofas.example')`,
)

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const item = req.url?.split('/').at(-1) ?? ''
  try {
    const shelf = await span('work', 'find shelf', async () => {
      const { rows = [] } = await database.sql`SELECT count, supplier FROM shelves WHERE item = ${item}`
      const [found] = rows
      if (found === undefined) throw new RangeError(`there is no shelf for ${item}`)
      return found
    })
    if (shelf['supplier'] !== null) await span('work', 'ask supplier', () => sleep(400))
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ count: shelf['count'] }))
  } catch (error) {
    res.writeHead(500).end(String(error))
  }
}

const server = createServer(traceNode(handle, { tracer, honorReqHeader: true }))
report(server)
server.listen(port, '127.0.0.1')
