// A process that runs one workload: worker.js <file in this folder> <workload> <folder of the run>
import { answerQuestions, numberIn } from '../harness/child.js'
import { bytesOf, runFor, type Workload, type WorkloadFactory, warmUp } from './workload.js'

const [file = '', name = '', folder = ''] = process.argv.slice(2)
const loaded = load()

async function load(): Promise<Workload> {
  const { workloads }: { workloads: Readonly<Record<string, WorkloadFactory>> } = await import(`./${file}.js`)
  const factory = workloads[name]
  if (factory === undefined) throw new Error(`${file} has no workload called ${name}`)
  return factory(folder)
}

answerQuestions(async (question) => {
  const workload = await loaded
  if ('warmUp' in question) {
    await warmUp(workload, numberIn(question, 'warmUp'))
    return {}
  }
  if ('milliseconds' in question) return runFor(workload, numberIn(question, 'milliseconds'))
  return { value: await bytesOf(workload, numberIn(question, 'operations')) }
})
