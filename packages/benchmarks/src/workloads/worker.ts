// A process that runs workloads, one at a time: worker.js <folder of the run>. Each question says by `of` which one: <file in this folder>
// <workload>
import { answerQuestions, numberIn } from '../harness/child.js'
import { bytesOf, runFor, type Workload, type WorkloadFactory, warmUp } from './workload.js'

const [folder = ''] = process.argv.slice(2)
const loaded = new Map<string, Promise<Workload>>()

async function load(of: string): Promise<Workload> {
  const [, file = '', name = ''] = /^(\S+) (.*)$/.exec(of) ?? []
  const { workloads }: { workloads: Readonly<Record<string, WorkloadFactory>> } = await import(`./${file}.js`)
  const factory = workloads[name]
  if (factory === undefined) throw new Error(`${file} has no workload called ${name}`)
  return factory(folder)
}

answerQuestions(async (question) => {
  const of = String(question['of'])
  const loading = loaded.get(of) ?? load(of)
  loaded.set(of, loading)
  const workload = await loading
  if ('warmUp' in question) {
    await warmUp(workload, numberIn(question, 'warmUp'))
    return {}
  }
  if ('milliseconds' in question) return runFor(workload, numberIn(question, 'milliseconds'))
  return { value: await bytesOf(workload, numberIn(question, 'operations')) }
})
