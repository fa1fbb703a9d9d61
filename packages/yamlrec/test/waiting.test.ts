import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { createTracer, type Span, type Tracer } from '@trace/core'
import { yamlReader, yamlRecorder } from '../src/index.js'

const root = mkdtempSync(join(tmpdir(), 'waiting-'))
afterAll(() => rmSync(root, { recursive: true }))
const SPANS = 20_000

function aTracer(path: string): { tracer: Tracer; warnings: string[] } {
  const warnings: string[] = []
  const logger = { warn: (message: string): void => void warnings.push(message) }
  const tracer = createTracer({
    recorder: yamlRecorder({ path }),
    buffer: SPANS,
    bufferBytes: 100_000_000,
    flushTimeout: 60_000,
    logger,
  })
  return { tracer, warnings }
}

async function traceFor(tracer: Tracer, count: number, time: number): Promise<void> {
  for (let done = 0; done < count; await sleep(time / 20)) {
    for (const end = done + count / 20; done < end; done++)
      tracer.start('work', 'w', { root: true, traceId: 1n }).finish()
  }
}

async function expectAllStored(tracer: Tracer, path: string): Promise<void> {
  expect(await tracer.close()).toEqual({ left: 0, lost: 0 })
  expect(tracer.stats()).toMatchObject({ recorded: SPANS, failed: 0, dropped: 0 })
  expect((await yamlReader({ path }).trace(1n)).spans).toHaveLength(SPANS)
}

describe(`of ${SPANS} spans none is lost`, () => {
  test('while the folder is gone for 2 seconds', async () => {
    const folder = join(root, 'gone')
    mkdirSync(folder)
    const path = join(folder, 'traces.yaml')
    const { tracer, warnings } = aTracer(path)
    await traceFor(tracer, SPANS / 4, 100)
    await tracer.flush()
    renameSync(folder, `${folder}-elsewhere`)
    await traceFor(tracer, SPANS / 2, 2_000)
    expect(tracer.stats().failed).toBe(0)
    renameSync(`${folder}-elsewhere`, folder)
    await traceFor(tracer, SPANS / 4, 100)
    await expectAllStored(tracer, path)
    expect(warnings).toEqual([
      expect.stringMatching(/not stored yet, and will be tried again: .*its folder does not exist/),
    ])
  })

  test('while the disk is full', async () => {
    const path = join(root, 'full.yaml')
    const { tracer, warnings } = aTracer(path)
    await traceFor(tracer, SPANS / 4, 100)
    await tracer.flush()
    renameSync(path, `${path}.1`)
    symlinkSync('/dev/full', path)
    await traceFor(tracer, SPANS / 2, 1_000)
    rmSync(path)
    await traceFor(tracer, SPANS / 4, 100)
    await expectAllStored(tracer, path)
    expect(warnings).toEqual([expect.stringMatching(/not stored yet, and will be tried again: .*the disk is full/)])
  })

  test('while the file has its largest size, amid documents that are cut', async () => {
    const path = join(root, 'limited.yaml')
    const program = `
      import { createTracer } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
      import { yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      import { existsSync, renameSync } from 'node:fs'
      const path = ${JSON.stringify(path)}
      const tracer = createTracer({ recorder: yamlRecorder({ path }), ledger: false, buffer: ${SPANS}, bufferBytes: 1e8,
        flushTimeout: 60_000, logger: { warn: move } })
      for (let at = 0; at < ${SPANS}; at++) tracer.start('work', 'w', { root: true, traceId: 1n }).finish()
      let moved = 0
      function move(message) {
        if (message.includes('largest size')) setTimeout(() => renameSync(path, path + '.' + ++moved), 300)
        else console.log(message)
      }
      await tracer.close()
      console.log(JSON.stringify(tracer.stats()))`
    // Blocks of 512 or 1,024 bytes, as the shell has it; the signal would end the process.
    const script = 'trap "" XFSZ; ulimit -f 5000; exec "$0" --input-type=module -e "$1"'
    const child = spawn('sh', ['-c', script, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    for await (const part of child.stdout) out += part
    expect(JSON.parse(out)).toMatchObject({ recorded: SPANS, failed: 0, dropped: 0 })
    expect((await yamlReader({ path }).trace(1n)).spans).toHaveLength(SPANS)
  })
})

test('a span that was to be recorded as open while the disk was full stands as open once it is not', async () => {
  const path = join(root, 'open.yaml')
  const tracer = createTracer({ recorder: yamlRecorder({ path }), openAfter: 200, logger: { warn: () => {} } })
  tracer.start('work', 'before', { root: true, traceId: 1n }).finish()
  await tracer.flush()
  renameSync(path, `${path}.1`)
  symlinkSync('/dev/full', path)
  const span = tracer.start('work', 'open', { root: true, traceId: 1n })
  await sleep(400)
  rmSync(path)
  const spans = async (): Promise<Span[]> => [...(await yamlReader({ path }).trace(1n)).spans]
  for (let left = 100; left > 0 && (await spans()).length < 2; left--) await sleep(10)
  expect((await spans()).map(({ name, finish }) => [name, typeof finish])).toEqual([
    ['before', 'bigint'],
    ['open', 'undefined'],
  ])
  span.finish()
  await tracer.close()
})

test('a folder that was never there is a mistake: spans are lost at once, a warning says so, and close does not wait', async () => {
  const { tracer, warnings } = aTracer(join(root, 'never', 'traces.yaml'))
  tracer.start('work', 'w').finish()
  // Long past the end of any test: nobody waits for this.
  expect(await tracer.close({ timeout: 2_000_000 })).toEqual({ left: 0, lost: 1 })
  expect(tracer.stats()).toMatchObject({ failed: 1 })
  expect(warnings).toEqual([
    expect.stringMatching(/^trace: 1 span was lost: .*its folder does not exist; create the folder/),
  ])
})
