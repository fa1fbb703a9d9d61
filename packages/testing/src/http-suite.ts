import { addConnectionCases } from './http-cases-connections.js'
import { addContextCases } from './http-cases-context.js'
import { addCutCases } from './http-cases-cuts.js'
import { addEndingCases } from './http-cases-endings.js'
import { addEventCases } from './http-cases-events.js'
import { addHeaderCases } from './http-cases-header.js'
import { addHeadCases } from './http-cases-heads.js'
import { addLogCases } from './http-cases-logs.js'
import { addNameCases, addTwiceCase } from './http-cases-names.js'
import { addOutgoingCases } from './http-cases-outgoing.js'
import { addPropagatorCases } from './http-cases-propagators.js'
import { addSamplingCases } from './http-cases-sampling.js'
import { addFormatTrustCases, addTrustCases } from './http-cases-trust.js'
import type { HttpSuiteOptions } from './http-server.js'
import { adder } from './http-stand.js'
import type { Case } from './suite.js'

/**
 * What every HTTP server's middleware must do, in cases for any test runner, which runs one after the other. After each of
 * them no span may be open, and no context left behind.
 *
 * @param options how to start a server, and what it cannot do
 */
export function httpSuite<Propagator = never>(options: HttpSuiteOptions<Propagator>): readonly Case[] {
  const cases: Case[] = []
  const add = adder(options, cases)
  const hasFormats = options.propagators !== undefined
  addHeaderCases(add, options)
  addHeadCases(add, options)
  addTrustCases(add, options)
  if (hasFormats) {
    addPropagatorCases(add, options)
    addFormatTrustCases(add, options)
  }
  addSamplingCases(add, options, hasFormats)
  addNameCases(add, options)
  if (options.startTwice !== undefined) addTwiceCase(add)
  addContextCases(add, options)
  addEventCases(add, options)
  addEndingCases(add, options)
  addCutCases(add, options)
  addConnectionCases(add, options)
  if (options.outgoing !== undefined) addOutgoingCases(add, options, options.outgoing)
  if (options.logIds !== undefined) addLogCases(add, options.logIds)
  return cases
}
