import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { buildTree, type SpanNode } from '@trace/analysis'
import { isFailed, serviceOf } from '@trace/core'
import { yamlReader } from '@trace/yamlrec'
import { newFile, run } from './support/run.js'

/** Where npm puts the commands of packages. */
const bin = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url))

/** A tree as text: a line for each span, service, kind and name. Children by name, since what runs side by side may start in any order. */
function outline({ span, children }: SpanNode, indent = ''): string {
  const line = `${indent}${serviceOf(span.process)} ${span.kind} ${span.name}${isFailed(span) ? ' ✗' : ''}`
  return [line.replace(/:\d+$/, ''), ...children.map((child) => outline(child, `${indent}  `)).sort()].join('\n')
}

const BOOK_TREE = `
gateway request GET /checkout/:item
  gateway client POST 127.0.0.1
    orders request POST /orders/:item
      orders db INSERT orders
      orders work ask inventory
        orders client GET 127.0.0.1
          inventory request GET /stock/book
            inventory work find shelf
              inventory db SELECT shelves
  gateway work find price
  gateway work send receipt
    gateway client POST 127.0.0.1
      orders request POST /receipts/:item
        orders queue add job
          mailer job send receipt
            mailer mail send
          orders db INSERT jobs`.trim()

describe('npm start', () => {
  test('--once sends requests, prints their traces, and ends', async () => {
    const file = newFile()
    const { code, stdout, stderr } = await run(['--once', '--file', file]).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/GET \/checkout\/\w+, which [\w ]+: \d+/g)).toEqual([
      'GET /checkout/book, which works: 200',
      'GET /checkout/unicorn, which fails: 502',
      'GET /checkout/sofa, which is slow: 200',
    ])
    expect(stdout).toContain('RangeError: there is no shelf for unicorn')
    expect(stdout).toContain(`The spans are in ${file}`)
    const [, command = ''] = /\nLook closer: +npx (trace .*)\n$/.exec(stdout) ?? []
    const next = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    })
    expect({ status: next.status, stderr: next.stderr }).toEqual({ status: 0, stderr: '' })
    expect(next.stdout).toMatch(/inventory +work +find shelf .*✗ RangeError: there is no shelf for unicorn/)

    const reader = yamlReader({ path: file })
    const { traces, skipped } = await reader.traces()
    expect(skipped).toBe(0)
    expect(traces.map((trace) => [trace.kind, trace.name])).toEqual(
      expect.arrayContaining([
        ['request', 'GET /checkout/:item'],
        ['task', 'restock'],
      ]),
    )
    const book = traces.filter((trace) => trace.kind === 'request').at(-1)
    const { spans } = await reader.trace(book?.traceId ?? 0n)
    expect(buildTree(spans).roots.map((root) => outline(root))).toEqual([BOOK_TREE])
    expect(new Set(spans.map((span) => span.process)).size).toBe(4)
    const query = spans.find(({ name }) => name === 'SELECT shelves')
    expect({ ...query?.data }).toEqual({
      'db.system.name': 'libsql',
      'db.operation.name': 'SELECT',
      'db.query.text': 'SELECT count, supplier FROM shelves WHERE item = ?',
    })
  })
})
