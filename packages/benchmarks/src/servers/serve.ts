// A process that serves one variant of an application:
// serve.js <framework> <variant> <file for spans> <answer: empty or working> [awake]
import type { AddressInfo } from 'node:net'
import { answerQuestions, stayAwake } from '../harness/child.js'
import { serverOf, type Variant } from './applications.js'
import { type Services, startServices } from './services.js'
import { FROM_SERVICE_TO_SERVICE, variantOf } from './variants.js'

const [framework = '', name = '', path = '', answer = '', sleep = ''] = process.argv.slice(2)
const listening = listen()

async function listen(): Promise<{ port: number; spans: () => Promise<number> }> {
  const { server, spans } = framework === 'services' ? await startServices(serviceVariant) : await startOne()
  // The connections of one side are idle while the others are measured.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  if (sleep === 'awake') server.on('request', stayAwakeForAMoment)
  return { port: (server.address() as AddressInfo).port, spans }
}

async function startOne(): Promise<Services> {
  const variant = await variantOf(name, path)
  return { server: await serverOf(framework, variant, answer === 'working'), spans: variant.spans }
}

function serviceVariant(service: string): Promise<Variant> {
  return variantOf(name, `${path}.${service}.yaml`, FROM_SERVICE_TO_SERVICE)
}

const AWAKE_MS = 20
let letSleep: (() => void) | undefined
let sleeping: NodeJS.Timeout | undefined

/** Until this long after the last request: other servers may be measured after this one. */
function stayAwakeForAMoment(): void {
  letSleep ??= stayAwake()
  sleeping ??= setTimeout(() => {
    letSleep?.()
    letSleep = undefined
    sleeping = undefined
  }, AWAKE_MS)
  sleeping.refresh()
}

answerQuestions(async (question) => {
  const { port, spans } = await listening
  if ('spans' in question) return { spans: await spans() }
  const { user, system } = process.cpuUsage()
  return { port, cpu: user + system }
})
