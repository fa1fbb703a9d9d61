// A process that runs one workload: worker.js <file in workloads> <workload> <folder>
import { numberIn, serve } from './processes.js'
import { bytesOf, runFor, type Workload, type WorkloadFactory } from './workload.js'

const [file = '', name = '', folder = ''] = process.argv.slice(2)
let started: Promise<Workload> | undefined

async function load(): Promise<Workload> {
  const { workloads }: { workloads: Readonly<Record<string, WorkloadFactory>> } = await import(`./workloads/${file}.js`)
  const factory = workloads[name]
  if (factory === undefined) throw new Error(`${file} has no workload called ${name}`)
  return factory(folder)
}

serve(async (question) => {
  started ??= load()
  const workload = await started
  if ('milliseconds' in question) return runFor(workload, numberIn(question, 'milliseconds'))
  return { value: await bytesOf(workload, numberIn(question, 'operations')) }
})
