import { currentSpan } from '@trace/core'
import type { HttpSuiteOptions, SuiteResponse } from '@trace/testing'
import type { Propagator } from '../../src/propagation/propagator.js'

export type Suite = HttpSuiteOptions<Propagator>

/** A fault, a server that has it, and a part of the name of the cases that must find it. */
export type Mutant = readonly [what: string, suite: Suite, seenBy: string]

/** Faults in how handlers are called. @param whole a server without a fault */
export function handlerMutants(whole: Suite): readonly Mutant[] {
  return [
    ['has another span for Expect', continuing(whole), 'a body that is sent when the server says so'],
    ['ends an event stream with its head', endingEarly(whole), 'server-sent events'],
    ['sets the id before the head, which refuses pairs', heading(whole, setEarly), 'a list of pairs'],
    ['sets the id before the head, where it shows', heading(whole, setEarly), 'sees nothing of the id'],
    ['sets the id before the head, to be taken off', heading(whole, setEarly), 'all taken off'],
    ["adds the id to the program's own headers", heading(whole, addToGiven), 'sees nothing of the id'],
    ["sends the id beside the program's", heading(whole, sendBeside), 'own response header'],
    ['loses one of two headers', heading(whole, loseOne), 'a flat list'],
  ]
}

/** A server whose id header is added by `change`, not by the middleware. */
function heading(whole: Suite, change: (res: SuiteResponse, id: string) => void): Suite {
  return {
    ...whole,
    start: (tracer, options, routes) =>
      whole.start(
        tracer,
        { ...options, addRespHeader: false },
        {
          ...routes,
          handle: (req, res) => {
            change(res, String(currentSpan()?.traceId))
            routes.handle(req, res)
          },
        },
      ),
  }
}

function setEarly(res: SuiteResponse, id: string): void {
  res.setHeader('X-Request-Id', id)
}

/** Calls `writeHead` with other headers than the program gives it. */
function giveOthers(res: SuiteResponse, change: (headers: unknown) => unknown): void {
  const { writeHead } = res
  res.writeHead = function (this: unknown, status: number, headers: unknown) {
    return Reflect.apply(writeHead, this, [status, change(headers)])
  }
}

function addToGiven(res: SuiteResponse, id: string): void {
  giveOthers(res, (headers) => Object.assign(headers ?? {}, { 'X-Request-Id': id }))
}

function sendBeside(res: SuiteResponse, id: string): void {
  giveOthers(res, (headers) => [
    ...(Array.isArray(headers) ? headers : Object.entries(headers ?? {}).flat()),
    'X-Request-Id',
    id,
  ])
}

function loseOne(res: SuiteResponse, id: string): void {
  giveOthers(res, (headers) => ({
    ...(Array.isArray(headers) ? { [headers[0]]: headers[1] } : Object(headers)),
    'X-Request-Id': id,
  }))
}

/** A server that handles `Expect: 100-continue` as a request of its own. */
function continuing(whole: Suite): Suite {
  return {
    ...whole,
    start: (tracer, options, routes) =>
      whole.start(tracer, options, {
        ...routes,
        handle: (req, res) => {
          if (req.headers['expect'] !== undefined) tracer.start('server', 'continue').finish()
          routes.handle(req, res)
        },
      }),
  }
}

/** A server whose spans end when the head of the response is sent. */
function endingEarly(whole: Suite): Suite {
  return {
    ...whole,
    start: (tracer, options, routes) =>
      whole.start(tracer, options, {
        ...routes,
        handle: (req, res) => {
          const writeHead = res.writeHead.bind(res)
          const span = currentSpan()
          res.writeHead = (...args) => {
            setImmediate(() => span?.finish())
            return writeHead(...args)
          }
          routes.handle(req, res)
        },
      }),
  }
}
