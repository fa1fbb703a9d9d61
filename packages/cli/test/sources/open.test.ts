import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { trace } from '../support/run.js'
import { writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => {
  await writeStory(cwd)
  copyFileSync(join(cwd, 'orders.yaml'), join(cwd, 'orders'))
  copyFileSync(join(cwd, 'gateway.jsonl'), join(cwd, 'gateway.log'))
  renameSync(join(cwd, 'inventory.jsonl.gz'), join(cwd, 'inventory'))
  writeFileSync(join(cwd, 'empty'), '')
  writeFileSync(join(cwd, 'prose'), 'It was a dark and stormy night.\n')
})
afterAll(() => rmSync(cwd, { recursive: true }))

const count = async (...args: string[]): Promise<number> => {
  const { out } = await trace(['ls', '--json', '-n', '1000', ...args], { cwd })
  return out.split('\n').length - 1
}

test('files of any name are told by what is in them', async () => {
  expect(await count('-f', 'orders', '-f', 'gateway.log', '-f', 'inventory')).toBe(11)
  for (const [name, why] of [
    ['empty', 'it is empty'],
    ['prose', 'neither YAML documents nor JSON lines of spans are in its beginning'],
    ['none', 'there is no such file or folder'],
  ]) {
    const { code, err } = await trace(['ls', '-f', name ?? ''], { cwd })
    expect(code).toBe(3)
    expect(err).toContain(why)
  }
})

test('a file that is there is a store without --from, too, if its name has a dot or a slash', async () => {
  expect(await count('gateway.log')).toBe(await count('-f', 'gateway.log'))
  expect(await count('./orders')).toBe(await count('-f', 'orders'))
  // A word of a search.
  expect(await trace(['ls', 'orders', '-f', 'gateway.log', 'name:none'], { cwd })).toMatchObject({ code: 1 })
  writeFileSync(join(cwd, 'otlp.json'), '{"resourceSpans":[]}')
  for (const command of ['ls', 'show', 'view', 'stats', 'tail', 'doctor']) {
    const { code, err } = await trace([command, 'otlp.json'], { cwd })
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringMatching(/^trace: cannot tell the format of .*otlp\.json: .*: trace import /),
    })
  }
  expect(await trace(['ls', 'otlp.json', '-f', 'orders'], { cwd })).toMatchObject({ code: 3 })
})

test('data of another system that has our names does not make it a file of ours', async () => {
  writeFileSync(join(cwd, 'chrome.json'), '{"traceEvents":[{"name":"x","args":{"span_id":"1"}}]}')
  expect((await trace(['ls', '-f', 'chrome.json'], { cwd })).err).toContain('cannot tell the format')
})

test('what cannot be read twice is not waited for', async () => {
  execFileSync('mkfifo', [join(cwd, 'pipe')])
  for (const path of ['pipe', '/dev/null']) {
    const { code, err } = await trace(['ls', '-f', path], { cwd })
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringMatching(/it is a pipe, socket or device.*; save its output to a file, and read that\n$/),
    })
  }
  const { code, err } = await trace(['ls', '-f', '-'], { cwd })
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringMatching(/^trace: standard input cannot be read more than once: save it to a file/),
  })
})

test('a rotated file beside what it was rotated from is read once', async () => {
  writeFileSync(join(cwd, 'rotated.jsonl'), '')
  copyFileSync(join(cwd, 'gateway.jsonl'), join(cwd, 'rotated.jsonl.1'))
  const all = await count('gateway.jsonl')
  expect(await count('rotated.jsonl')).toBe(all)
  expect(await count('rotated.jsonl', 'rotated.jsonl.1')).toBe(all)
  expect(await count('rotated.jsonl.1')).toBe(all)
})

test('the default is TRACE_RECORDER, then traces.yaml', async () => {
  const env = { TRACE_RECORDER: `jsonl:${join(cwd, 'gateway.jsonl')}` }
  expect((await trace(['ls'], { cwd, env })).code).toBe(0)
  copyFileSync(join(cwd, 'orders.yaml'), join(cwd, 'traces.yaml'))
  expect((await trace(['ls'], { cwd })).out).toContain('nightly invoices')
})
