// For bundlers: no framework, since those are CommonJS, which an ES module bundle can only hold if Node's `require` is given to it.
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createTracer, TraceError } from '@trace/core'
import { openReader, openRecorder } from '@trace/core/open'
import { traceClients } from '@trace/http/client'
import { traceNode } from '@trace/http/node'
import { jsonReader, jsonRecorder } from '@trace/jsonrec'
import * as yaml from '@trace/yamlrec'

// Whether the packages are installed beside the bundle, where openRecorder finds them; otherwise all there is is this file.
const isAlone = process.argv[2] === 'alone'
const url = new URL('yaml:traces.yaml')

async function main() {
  const tracer = createTracer({ service: 'bundle', recorder: isAlone ? yaml.openRecorder(url) : openRecorder(url) })
  const off = traceClients(tracer)
  const server = createServer(
    traceNode((_req, res) => res.end('ok'), { tracer, honorReqHeader: true, name: () => 'asked' }),
  )
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  await tracer.trace('task', 'ask', async () => {
    await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text()
  })
  off()
  server.closeAllConnections()
  server.close()
  await tracer.close()

  // A document that only the YAML library reads.
  const [document = ''] = /^span_id[\s\S]*?^\.\.\.\n/m.exec(readFileSync('traces.yaml', 'utf8')) ?? []
  appendFileSync(
    'traces.yaml',
    `\n---\n${document.replace(/^span_id: .*/m, 'span_id: 0x1F').replace(/^name: .*/m, 'name: &a by hand')}`,
  )
  const reader = isAlone ? yaml.openReader(url) : openReader(url)
  const { traces } = await reader.traces({ name: 'ask' })
  const { spans, skipped } = await reader.trace(traces[0].traceId)

  const lines = createTracer({ service: 'bundle', recorder: jsonRecorder({ path: 'traces.jsonl' }) })
  lines.trace('task', 'a line', () => {})
  await lines.close()
  const inLines = await jsonReader({ path: 'traces.jsonl' }).traces()

  const memory = createTracer({ service: 'bundle', recorder: openRecorder('memory:') })
  memory.trace('task', 'in memory', () => {})
  await memory.close()
  const inMemory = await openReader('memory:').traces()

  const names = [...spans, ...inLines.traces, ...inMemory.traces].map(({ name }) => name.replace(/:\d+$/, ''))
  console.log(JSON.stringify({ names: names.sort(), skipped, missing: missing() }))
}

/** What is said of a package that is installed nowhere. */
function missing() {
  try {
    return openRecorder('nowhere:x').name
  } catch (error) {
    return error instanceof TraceError ? error.code : String(error)
  }
}

void main()
