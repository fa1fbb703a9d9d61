// A jest reporter that leaves the package's counts in a file: a turbo output, so that a cached run has them too.
import { mkdirSync, writeFileSync } from 'node:fs'

export default class CountsReporter {
  onRunComplete(_contexts, results) {
    mkdirSync('test-results', { recursive: true })
    const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results
    const counts = {
      passed,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      skipped: numPendingTests + numTodoTests,
    }
    writeFileSync('test-results/counts.json', `${JSON.stringify(counts)}\n`)
  }
}
