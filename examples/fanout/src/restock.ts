import { setTimeout as sleep } from 'node:timers/promises'
import { span } from '@trace/core'
import { tracerOf, urlOf } from './service.js'

const tracer = tracerOf('restock')

/** Work that no request asked for: each round is a trace of its own. */
async function restock(): Promise<void> {
  await tracer.trace('task', 'restock', async () => {
    for (const item of ['book', 'sofa']) {
      await span('work', `count ${item}`, async (s) => {
        const answer = await fetch(`${urlOf('inventory')}/stock/${item}`)
        s.data['stock'] = await answer.json()
      })
    }
  })
}

process.send?.({ url: '' })
for (;;) {
  await restock().catch((error: unknown) => console.error('restock:', error))
  await sleep(30_000)
}
