const { createServer } = require('node:http')
const { createTracer, memoryRecorder, span } = require('@trace/core')
const { openReader, openRecorder } = require('@trace/core/open')
const { traceClients } = require('@trace/http/client')
const { traceExpress } = require('@trace/http/express')
const { parseYaml } = require('@trace/yamlrec')
const express = require('express')

test('a traced service calls itself', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service: 'users', recorder })
  const off = traceClients(tracer)
  const app = express()
  app.use(traceExpress({ tracer, honorReqHeader: true }))
  app.get('/users/:id', async (req, res) => res.json(await span('db', 'load user', async () => req.params)))
  const server = createServer(app)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await tracer.trace('task', 'ask', async () => {
    return (await fetch(`http://127.0.0.1:${server.address().port}/users/7`)).json()
  })
  off()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await tracer.close()
  expect(answer).toEqual({ id: '7' })
  const names = recorder.spans.map(({ kind, name }) => `${kind} ${name.replace(/:\d+$/, '')}`).sort()
  expect(names).toEqual(['client GET 127.0.0.1', 'db load user', 'request GET /users/:id', 'task ask'])
  expect(new Set(recorder.spans.map(({ traceId }) => traceId)).size).toBe(1)
})

test('recorders are found by their URL', async () => {
  const folder = require('node:fs').mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'jest-'))
  const url = `yaml:${folder}/traces.yaml`
  const tracer = createTracer({ service: 'users', recorder: openRecorder(url) })
  tracer.trace('task', 'nightly report', () => {})
  await tracer.close()
  const { traces } = await openReader(url).traces()
  require('node:fs').rmSync(folder, { recursive: true })
  expect(traces.map(({ name }) => name)).toEqual(['nightly report'])
})

test('the YAML library is there when it is needed', async () => {
  const { spans } = await parseYaml(
    '---\nspan_id: 0x1\ntrace_id: 2\nparent_id: 0\nstart: "2015-10-20T13:14:15Z"\n...\n',
  )
  expect(spans).toHaveLength(1)
})
