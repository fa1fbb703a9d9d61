// A jest reporter that leaves the package's counts, and what failed, in a file: a turbo output, so that a cached run has them too.
import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

export default class CountsReporter {
  onRunComplete(_contexts, results) {
    mkdirSync('test-results', { recursive: true })
    const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results
    const counts = {
      passed,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      skipped: numPendingTests + numTodoTests,
      failures: results.testResults.flatMap(failuresOf),
    }
    writeFileSync('test-results/counts.json', `${JSON.stringify(counts)}\n`)
  }
}

function failuresOf({ testFilePath, testExecError, testResults }) {
  const file = relative(process.cwd(), testFilePath)
  const failed = testResults.filter(({ status }) => status === 'failed')
  const failures = failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}\n${failureMessages[0] ?? ''}`)
  if (testExecError) failures.push(`${file}\n${testExecError.stack ?? testExecError.message ?? testExecError}`)
  return failures.map((failure) => stripVTControlCharacters(failure).slice(0, 1_500))
}
