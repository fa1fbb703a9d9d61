// A child that answers with what it is asked for, or ends.
import { availableParallelism } from 'node:os'
import { answerQuestions } from '../../dist/harness/child.js'

answerQuestions(async ({ answer, signal }) => {
  if (signal !== undefined) process.kill(process.pid, signal)
  return answer ?? { cores: availableParallelism() }
})
