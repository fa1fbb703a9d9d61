import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import type { Tracer } from '@trace/core'
import { connect, LAST } from './exchange.js'
import type { Call, Form } from './forms.js'
import { errorText, type Journal, noteState, watch } from './journal.js'
import type { Kind } from './servers.js'

/** The outcome of a request. */
export interface Seen {
  readonly text: string
  /** Undefined if no handler got the request. */
  readonly journal: Journal | undefined
}

/** A server, traced or not, and a client of it. */
export interface Side {
  ask(at: number): Promise<Seen>
  close(): Promise<void>
}

/** @param tracer undefined for a server without tracing */
export async function openSide(kind: Kind, tracer: Tracer | undefined): Promise<Side> {
  const { forms } = kind
  let journal: Journal | undefined
  let closed: Promise<void> | undefined
  const server = await kind.start((call) => {
    const { req, res } = call
    const form = forms[Number(req.url?.slice(1))]
    if (form === undefined) return answerLast(call)
    const current = watch(req, res)
    journal = current
    closed = new Promise((resolve) => res.on('close', resolve))
    res.on('close', () => noteState(current, 'closed', res))
    return form.isFrameworks === true ? form.run(call) : run(form, current, call)
  }, tracer)
  const client = connect(server.port, kind.isHttp2 === true)
  return {
    ask: async (at) => {
      journal = undefined
      const form = forms[at]
      if (form === undefined) throw new Error(`there is no form ${at}`)
      const text = await inTime(form, client.ask(`/${at}`, form.ask))
      await inTime(form, closed ?? Promise.resolve())
      // For events after the end of a response.
      await turn()
      await turn()
      return { text, journal }
    },
    close: async () => {
      client.close()
      await server.close()
    },
  }
}

/** Far more than any form takes, in ms. */
const PATIENCE = 20_000

async function inTime<Result>({ name }: Form, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: it has no end`)), PATIENCE)
  })
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}

function answerLast({ res, reply, koa, web }: Call): unknown {
  if (web !== undefined) {
    web.set('Connection', 'close')
    return web.reply(LAST)
  }
  reply?.hijack()
  if (koa !== undefined) koa.respond = false
  return void res.setHeader('Connection', 'close').end(LAST)
}

function run(form: Form, journal: Journal, call: Call): void {
  const { res } = call
  const failed = (error: unknown): void => {
    journal.lines.push(`threw ${errorText(error)}`)
    noteState(journal, 'thrown', res)
    recover(journal, res)
  }
  try {
    const result = form.run(call)
    if (result instanceof Promise) result.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
  noteState(journal, 'after', res)
}

/** Answers after an error, as a program would. */
function recover(journal: Journal, res: ServerResponse): void {
  if (res.writableEnded) return
  try {
    res.end(res.headersSent ? '' : 'mended')
  } catch (error) {
    journal.lines.push(`threw again ${errorText(error)}`)
    res.statusCode = 500
    Reflect.set(res, 'statusMessage', 'Failed')
    try {
      res.end('failed')
    } catch {
      res.destroy()
    }
  }
}
