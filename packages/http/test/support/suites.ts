import type { HttpSuiteOptions, StartServer } from '@trace/testing'
import { request } from 'undici'
import { traceClients } from '../../src/client.js'
import { logIds } from '../../src/logs.js'
import { b3 } from '../../src/propagation/b3.js'
import type { Propagator } from '../../src/propagation/propagator.js'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'
import type { Stand } from './stands.js'

function starting({ open }: Stand, times: number): StartServer<Propagator> {
  return (tracer, options, routes) => open({ tracer, options, routes, times })
}

/** The options to run the whole suite on a kind of server. */
export function suiteOf(stand: Stand): HttpSuiteOptions<Propagator> {
  return {
    ...stand,
    start: starting(stand, 1),
    startTwice: starting(stand, 2),
    propagators: { requestId: requestId(), w3c: w3c(), b3: b3(), b3Multi: b3({ multi: true }) },
    outgoing: { trace: traceClients, ways: { undici: async (url) => (await request(url)).body.text() } },
    logIds,
  }
}
