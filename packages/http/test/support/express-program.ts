import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * What a program of Express prints, in a process of its own: what listens to the routers' channels stays for good. Has
 * `app`, made by `traced(express())`; `ask(path, init)`; `refuse`, which fails; `recover`, an error handler; and `listened()`, which of the
 * channels are listened to. Spans are printed at the end, by their names and errors.
 */
export function printedBy(program: string): string {
  const text = `
    import { tracingChannel } from 'node:diagnostics_channel'
    import { once } from 'node:events'
    import { createServer } from 'node:http'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceExpress } from '@trace/http/express'
    import express from 'express'
    const channel = tracingChannel('express.router.request')
    const listened = () => ['start', 'error', 'end'].filter((name) => channel[name].hasSubscribers).join()
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    const traced = (made) => made.set('env', 'test').use(traceExpress({ tracer }))
    let app = traced(express())
    const server = createServer((req, res) => app(req, res)).listen(0)
    await once(server, 'listening')
    const ask = async (path, init) => (await fetch('http://localhost:' + server.address().port + path, init)).text()
    const answer = (_req, res) => res.end(listened())
    const refuse = (_req, _res, next) => next(new RangeError('no'))
    const recover = (_error, _req, _res, next) => next()
    ${program}
    server.close()
    server.closeAllConnections()
    await tracer.close()
    console.log(recorder.spans.map(({ name, data }) => [name, data['error.type']].join(' ').trim()).join())`
  return execFileSync(process.execPath, ['--input-type=module', '-e', text], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  })
}
