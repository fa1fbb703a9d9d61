import { currentSpan } from '@trace/core'
import type { HttpSuiteOptions, SuiteResponse } from '@trace/testing'
import type { Propagator } from '../../src/propagation/propagator.js'

export type Suite = HttpSuiteOptions<Propagator>

/** What is done wrong, by which server, and a part of the name of the cases that are to see it. */
export type Mutant = readonly [what: string, suite: Suite, seenBy: string]

/** What may be done wrong as a handler is called. @param whole a server that does nothing wrong */
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

/** A server that does something else about the response's header. */
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

/** Has `writeHead` get other headers than those that it is given. */
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

/** A server for which `Expect: 100-continue` is a request of its own. */
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

/** A server whose spans end with the head of the response. */
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
