// A process that serves one variant of an application: serve.js <framework> <variant> <file for spans> <answer: empty or working>
import type { AddressInfo } from 'node:net'
import { answerQuestions } from '../harness/child.js'
import { serverOf } from './applications.js'
import { variantOf } from './variants.js'

const [framework = '', name = '', path = '', answer = ''] = process.argv.slice(2)
const listening = listen()

async function listen(): Promise<{ port: number; spans: () => Promise<number> }> {
  const variant = await variantOf(name, path)
  const server = await serverOf(framework, variant, answer === 'working')
  // The connections of one side are idle while the others are measured.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, spans: variant.spans }
}

answerQuestions(async (question) => {
  const { port, spans } = await listening
  if ('spans' in question) return { spans: await spans() }
  const { user, system } = process.cpuUsage()
  return { port, cpu: user + system }
})
