import type { Case } from '../suite.js'
import { addConnectionCases } from './cases-connections.js'
import { addContextCases, addLogCases } from './cases-context.js'
import { addCutCases } from './cases-cuts.js'
import { addEndingCases } from './cases-endings.js'
import { addEventCases } from './cases-events.js'
import { addHeaderCases } from './cases-header.js'
import { addHeadCases } from './cases-heads.js'
import { addNameCases, addTwiceCase } from './cases-names.js'
import { addOutgoingCases } from './cases-outgoing.js'
import { addPropagatorCases } from './cases-propagators.js'
import { addSamplingCases } from './cases-sampling.js'
import { addSizeCases } from './cases-sizes.js'
import { addFormatTrustCases, addTrustCases } from './cases-trust.js'
import type { HttpSuiteOptions } from './server.js'
import { adder } from './stand.js'

/**
 * The cases that the middleware of every HTTP server must pass, for any test runner. Run them one after the other: they trace the
 * outgoing requests and count the warnings of the whole process. Each case fails if it leaves a span open, or a current span behind.
 *
 * @param options how to start a server, and what the server and its middleware can do
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
  if (options.conventions !== false) addSizeCases(add)
  addConnectionCases(add, options)
  if (options.outgoing !== undefined) addOutgoingCases(add, options, options.outgoing)
  if (options.logIds !== undefined) addLogCases(add, options.logIds)
  return cases
}
