import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from '@jest/globals'

/** Runs a worker that makes a span, ends it in some way, and gives what it has recorded. */
async function recordedBy(ending: string, end: (worker: Worker) => unknown = () => {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'trace-worker-'))
  try {
    const file = join(folder, 'spans')
    writeFileSync(file, '')
    const program = `
      import { appendFileSync } from 'node:fs'
      import { parentPort } from 'node:worker_threads'
      import { createTracer } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url))}
      const record = (spans) => { for (const { name } of spans) appendFileSync(${JSON.stringify(file)}, name + ';') }
      const tracer = createTracer({ service: 'worker', recorder: { name: 'file', record, recordSync: record } })
      tracer.trace('work', 'w', () => {})
      ${ending}`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.on('error', () => {})
    worker.once('message', () => end(worker))
    await exited
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  ['comes to its end', ''],
  ['calls process.exit', 'process.exit()'],
  ['throws', 'throw new Error("boom")'],
])('a worker that %s loses no span', async (_how, ending) => {
  expect(await recordedBy(ending)).toBe('w;')
})

test('a worker that is terminated loses what is queued, unless it has closed its tracer', async () => {
  const terminate = (worker: Worker): Promise<number> => worker.terminate()
  // The event loop is kept from going on, so that nothing is delivered before.
  expect(await recordedBy('parentPort.postMessage(0); for (;;) {}', terminate)).toBe('')
  const closed = 'await tracer.close(); parentPort.postMessage(0); for (;;) {}'
  expect(await recordedBy(closed, terminate)).toBe('w;')
})
