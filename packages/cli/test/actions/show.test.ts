import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spanFromJsonLine } from '@trace/jsonrec'
import { expectGolden, type Printed, trace } from '../support/run.js'
import { idOf, storySpans, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

const HOSTS = ['gateway.jsonl', 'orders.yaml', 'inventory.jsonl.gz']
const show = (...args: string[]): Promise<Printed> => trace(['show', ...args, ...HOSTS], { cwd })

test.each([
  ['show-slow.txt', [String(idOf(10))]],
  ['show-error.txt', ['last-error']],
  ['show-error-data.txt', ['last-error', '--data']],
  ['show-report.txt', [String(idOf(12))]],
  ['show-job.txt', [String(idOf(13)).slice(0, 8)]],
  ['show-lost.txt', ['last']],
  ['show-span.txt', [String(idOf(10)), '--span', String(idOf(10_004))]],
])('%s', async (name, args) => {
  const { code, out, err } = await show(...args)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expectGolden(name, out)
})

test('on a terminal it has colours, and the same text', async () => {
  const plain = await trace(['show', 'last-error', ...HOSTS], { cwd, columns: 100, env: { NO_COLOR: '1' } })
  const { out } = await trace(['show', 'last-error', ...HOSTS], { cwd, columns: 100 })
  expect(out).toContain('\u001b[31m')
  expect(out.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '')).toBe(plain.out)
})

test('--no-fold gives each span its line, --json a store of them', async () => {
  const id = String(idOf(12))
  expect((await show(id, '--no-fold')).out.match(/select price/g)).toHaveLength(40)
  const { out } = await show(id, '--json')
  const spans = out.trim().split('\n').map(spanFromJsonLine)
  expect(spans).toEqual(expect.arrayContaining(storySpans().filter(({ traceId }) => traceId === idOf(12))))
  expect(spans).toHaveLength(42)
})

test('--place says where each span stands, which --json has as a field', async () => {
  const { out } = await show(String(idOf(10)), '--place')
  const places = out.match(/(?:gateway\.jsonl|orders\.yaml|inventory\.jsonl\.gz):\d+$/gm) ?? []
  expect(new Set(places.map((place) => place.replace(/:\d+$/, '')))).toEqual(new Set(HOSTS))
  const spans = storySpans().filter(({ traceId }) => traceId === idOf(10))
  expect(places).toHaveLength(spans.length)
  const json = (await show(String(idOf(10)), '--place', '--json')).out.trim().split('\n')
  expect(json.map((line): unknown => JSON.parse(line).place).sort()).toEqual(places.toSorted())
  // It is a store still.
  expect(json.map(spanFromJsonLine)).toEqual(expect.arrayContaining(spans))
  const [, line = '0'] = places.find((place) => place.startsWith('orders.yaml'))?.split(':') ?? []
  expect(readFileSync(join(cwd, 'orders.yaml'), 'utf8').split('\n')[Number(line) - 1]).toBe('---')
  // Spans whose times are corrected stand where they stood.
  const [corrected, recorded] = await Promise.all(
    [['--correct-clocks'], []].map((args) => show('last-error', '--place', '--json', ...args)),
  )
  const placesIn = (text = ''): (string | undefined)[] => text.match(/"place":"[^"]*"/g) ?? []
  expect(placesIn(corrected?.out)).toEqual(placesIn(recorded?.out))
})

test.each([400, 800, 1_600, 2_400])('a budget of %p bytes is kept, and says what is folded', async (budget) => {
  const { out } = await show('last-error', '--data', '--budget', String(budget))
  expect(Buffer.byteLength(out)).toBeLessThanOrEqual(budget)
  expect(out).toContain(`trace show ${idOf(11)} --span ID`)
  expect(out).toMatch(/^trace \d+ · 7 spans/)
})

test('what is not there is said, with what to do', async () => {
  const ids = [...new Set(storySpans().flatMap(({ traceId, kind }) => (kind === 'ledger' ? [] : [String(traceId)])))]
  const startsOf = (digit: number): number => ids.filter((id) => id.startsWith(String(digit))).length
  const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  const several = digits.find((digit) => startsOf(digit) > 1) ?? 0
  expect(await show(String(several))).toMatchObject({
    code: 2,
    err: expect.stringContaining(`several traces have an id that begins with ${several}; write more of it:`),
  })
  expect(await show('0')).toMatchObject({ code: 1, err: expect.stringContaining('whose id begins with 0. trace ls') })
  expect(await show('1'.repeat(19))).toMatchObject({ code: 1, err: expect.stringContaining('whose id is 1111') })
  expect(await show('last', '--span', '7')).toMatchObject({ code: 1, err: expect.stringContaining('has no span 7.') })
})

test('a W3C trace id is found', async () => {
  const id = idOf(10).toString(16).padStart(16, '0')
  expect((await show(`${'ab'.repeat(8)}${id}`)).out).toContain(`trace ${idOf(10)}`)
})
