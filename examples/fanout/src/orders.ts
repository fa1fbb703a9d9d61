import { span } from '@trace/core'
import { traceExpress, traceExpressErrors } from '@trace/http/express'
import express from 'express'
import { openDatabase } from './database.js'
import { Queue } from './queue.js'
import { port, report, setting, tracerOf, urlOf } from './service.js'

const tracer = tracerOf('orders')
const database = await openDatabase('CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)')
const queue = await Queue.open(setting('JOBS'))

const app = express()
app.use(traceExpress({ tracer, honorReqHeader: true }))

app.post('/orders/:item', async (req, res) => {
  const { item } = req.params
  const stock = await span('work', 'ask inventory', async () => {
    const answer = await fetch(`${urlOf('inventory')}/stock/${item}`)
    if (!answer.ok) throw new Error(`inventory answered ${answer.status}`)
    return (await answer.json()) as { count: number }
  })
  await database.sql`INSERT INTO orders (item) VALUES (${item})`
  res.json({ item, left: stock.count - 1 })
})

app.post('/receipts/:item', async (req, res) => {
  await queue.add(req.params.item)
  res.sendStatus(202)
})

app.use(traceExpressErrors())
app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
  res.status(500).json({ error: error.message })
})

report(app.listen(port, '127.0.0.1'))
