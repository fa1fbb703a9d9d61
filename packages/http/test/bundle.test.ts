import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'

const program = `
  import { createServer } from 'node:http'
  import { createTracer } from '@trace/core'
  import { openRecorder } from '@trace/core/open'
  import { logIds, w3c } from '@trace/http'
  import { traceClients } from '@trace/http/client'
  import { traceExpress } from '@trace/http/express'
  import { traceNode } from '@trace/http/node'
  import express from 'express'
  const recorder = openRecorder('memory:')
  const tracer = createTracer({ recorder })
  const off = traceClients(tracer, { propagators: [w3c()] })
  const options = { tracer, honorReqHeader: true, propagators: [w3c()] }
  const app = express()
  app.use(traceExpress(options))
  app.get('/below/:id', (req, res) => res.json(logIds()))
  const below = createServer(app).listen(0, () => {
    const above = createServer(traceNode(async (req, res) => {
      const answer = await fetch('http://localhost:' + below.address().port + '/below/42')
      res.end(await answer.text())
    }, options)).listen(0, async () => {
      const ids = await (await fetch('http://localhost:' + above.address().port + '/')).json()
      for (const server of [above, below]) { server.closeAllConnections(); server.close() }
      off()
      await tracer.close()
      const spans = recorder.spans.filter(({ traceId }) => String(traceId) === ids.trace_id)
      console.log(JSON.stringify(spans.map(({ kind, name }) => kind + ' ' + name.replace(/:\\d+/, '')).sort()))
    })
  })
`

const folder = mkdtempSync(join(tmpdir(), 'trace-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const)('bundled into one file, as %s', (format, ending) => {
  const outfile = join(folder, `out.${ending}`)
  buildSync({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    platform: 'node',
    format,
    outfile,
    logLevel: 'error',
    // Express is CommonJS, so in an ES module it needs a `require`.
    ...(format === 'esm'
      ? {
          banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
        }
      : {}),
  })
  const run = spawnSync(process.execPath, [outfile], { encoding: 'utf8', timeout: 100_000 })
  expect(run.stderr).toBe('')
  expect(JSON.parse(run.stdout)).toEqual(['client GET localhost', 'request GET /', 'request GET /below/:id'])
})
