import { setTimeout as sleep } from 'node:timers/promises'
import { span } from '@trace/core'
import { traceExpress, traceExpressErrors } from '@trace/http/express'
import express from 'express'
import { port, report, tracerOf, urlOf } from './service.js'

const app = express()
app.use(traceExpress({ tracer: tracerOf('orders'), honorReqHeader: true }))

app.post('/orders/:item', async (req, res) => {
  const { item } = req.params
  const stock = await span('work', 'ask inventory', async () => {
    const answer = await fetch(`${urlOf('inventory')}/stock/${item}`)
    if (!answer.ok) throw new Error(`inventory answered ${answer.status}`)
    return (await answer.json()) as { count: number }
  })
  await span('db', 'insert order', () => sleep(8))
  res.json({ item, left: stock.count - 1 })
})

app.post('/receipts/:item', async (_req, res) => {
  await span('mail', 'send', () => sleep(25))
  res.sendStatus(204)
})

app.use(traceExpressErrors())
app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
  res.status(500).json({ error: error.message })
})

report(app.listen(port, '127.0.0.1'))
