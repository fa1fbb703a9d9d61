import { addContextCases } from './http-cases-context.js'
import { addEndingCases } from './http-cases-endings.js'
import { addHeaderCases } from './http-cases-header.js'
import type { HttpSuiteOptions } from './http-server.js'
import { adder } from './http-stand.js'
import type { Case } from './suite.js'

/**
 * What every HTTP server's middleware must do, in cases for any test runner. After each of them no span may be open, and no
 * context left behind.
 *
 * @param options how to start a server, and what it cannot do
 */
export function httpSuite(options: HttpSuiteOptions): readonly Case[] {
  const cases: Case[] = []
  const add = adder(options, cases)
  addHeaderCases(add, options)
  addContextCases(add, options)
  addEndingCases(add, options)
  return cases
}
