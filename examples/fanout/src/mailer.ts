import { setTimeout as sleep } from 'node:timers/promises'
import { span } from '@trace/core'
import { Queue } from './queue.js'
import { setting, tracerOf } from './service.js'

const tracer = tracerOf('mailer')
const queue = await Queue.open(setting('JOBS'))

process.send?.({ url: '' })
for (;;) {
  const job = await queue.take()
  if (job === undefined) await sleep(20)
  else await tracer.trace('job', 'send receipt', () => span('mail', 'send', () => sleep(25)), job.trace)
}
