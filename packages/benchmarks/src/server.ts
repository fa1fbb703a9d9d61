// A process that serves: server.js <framework> <variant> <file for spans>
import type { AddressInfo } from 'node:net'
import { serve } from './processes.js'
import { serverOf } from './servers/applications.js'
import { variantOf } from './servers/variants.js'

const [framework = '', name = '', path = ''] = process.argv.slice(2)
const started = start()

async function start(): Promise<{ port: number; spans: () => Promise<number> }> {
  const variant = await variantOf(name, path)
  const server = await serverOf(framework, variant)
  // The connections of one side are idle while the others are measured.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, spans: variant.spans }
}

serve(async (question) => {
  const { port, spans } = await started
  if ('spans' in question) return { spans: await spans() }
  const { user, system } = process.cpuUsage()
  return { port, cpu: user + system }
})
