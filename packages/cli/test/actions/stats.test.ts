import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { expectGolden, trace } from '../support/run.js'
import { writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
beforeAll(async () => void (await writeStory(cwd)))
afterAll(() => rmSync(cwd, { recursive: true }))

const HOSTS = ['*.jsonl*', 'orders.yaml']

test.each([
  ['stats.txt', []],
  ['stats-by-service.txt', ['--by', 'service']],
  ['stats-by-item.txt', ['kind:db', '--by', '@item', '-n', '4']],
  ['stats-graph.txt', ['--graph']],
  ['stats-graph.mmd', ['--graph', '--to', 'mermaid']],
  ['stats-graph.dot', ['--to', 'dot']],
])('%s', async (name, args) => {
  const { code, out, err } = await trace(['stats', ...HOSTS, ...args], { cwd })
  expect({ code, err }).toEqual({
    code: 0,
    err: args.includes('-n') ? expect.stringMatching(/^trace: \d+ more rows, with less self time; see --limit\n$/) : '',
  })
  expectGolden(name, out)
})

test('a line of JSON for each row and each call', async () => {
  const { out } = await trace(['stats', ...HOSTS, 'name:"select price"', '--json'], { cwd })
  expect(JSON.parse(out)).toMatchObject({
    service: 'orders',
    kind: 'db',
    name: 'select price',
    count: 40,
    failed: 0,
    max_ns: 19_000_000,
    total_ns: 760_000_000,
    self_share: 1,
  })
  const graph = await trace(['stats', ...HOSTS, '--graph', '--json'], { cwd })
  const calls = graph.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(calls.map(({ from, to, count, failed }) => [from, to, count, failed])).toEqual([
    ['gateway', 'orders', 8, 0],
    ['orders', 'inventory', 8, 1],
  ])
})

test('nothing counted is exit code 1, another --by misuse', async () => {
  const { code, err } = await trace(['stats', '--by', '@nosuch', 'orders.yaml'], { cwd })
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(/^trace: no span of yaml\(.*orders\.yaml\) has @nosuch\n$/),
  })
  expect(await trace(['stats', ...HOSTS, 'kind:cache'], { cwd })).toMatchObject({ code: 1, out: '' })
  expect(await trace(['stats', 'orders.yaml', '--graph'], { cwd })).toMatchObject({
    code: 1,
    err: 'trace: no service calls another\n',
  })
  expect(await trace(['stats', ...HOSTS, '--by', 'host'], { cwd })).toMatchObject({
    code: 2,
    err: expect.stringContaining('expected name, service, kind, or a data key'),
  })
})
