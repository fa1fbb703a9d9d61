import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { buildTree, type SpanNode } from '@trace/analysis'
import { isFailed, serviceOf } from '@trace/core'
import { jsonReader } from '@trace/jsonrec'
import { yamlReader } from '@trace/yamlrec'
import { newFile, run, start } from './support/run.js'

/** Where npm puts the commands of packages. */
const bin = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url))
function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

/** A tree as text: a line for each span, service, kind and name. */
/** Children in the order of their names, since what runs side by side may start in any. */
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

  test('--dynamodb records to a table, with the same services', async () => {
    const { code, stdout, stderr } = await run(['--once', '--dynamodb']).ended
    if (javaVersion() < 17) {
      expect(stderr).toMatch(/^DynamoDB Local does not run: .*It needs Java 17 or later\.\n$/)
      return
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('The spans are in the table Traces of DynamoDB Local')
    expect(stdout.match(/^trace \d+ · \d+ spans/gm)).toHaveLength(4)
    expect(stdout).toMatch(/inventory +work +find shelf .*✗ RangeError: there is no shelf for unicorn/)
  })

  test('records where TRACE_RECORDER says', async () => {
    const file = newFile().replace('.yaml', '.jsonl')
    const { code, stdout } = await run(['--once'], start, { TRACE_RECORDER: `jsonl:${file}` }).ended
    expect(code).toBe(0)
    expect(stdout).toContain(`The spans are in jsonl:${file}`)
    expect((await jsonReader({ path: file }).traces()).traces).toHaveLength(4)
  })

  test('stays up, prints the traces of requests sent to it, and ends by Ctrl-C without leaving anything behind', async () => {
    const file = newFile()
    const { child, ended, printed } = run(['--file', file])
    const gateway = /curl (\S+)\/checkout/.exec(await printed('Ctrl-C'))?.[1]
    expect((await fetch(`${gateway}/checkout/sofa`)).status).toBe(200)
    await expect(
      (async () => {
        for (;;) {
          const printedTraces = (await printed('trace ')).split('GET /checkout/:item').length - 1
          if (printedTraces >= 4) return printedTraces
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      })(),
    ).resolves.toBe(4)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    await expect(fetch(`${gateway}/checkout/book`)).rejects.toThrow()
    expect((await yamlReader({ path: file }).traces()).traces.length).toBeGreaterThanOrEqual(5)
  })

  test('two starts that record to one file show each their own traces', async () => {
    const file = newFile()
    const [one, other] = [run(['--file', file]), run(['--file', file])]
    const gateways: string[] = []
    for (const { printed } of [one, other]) {
      gateways.push(/curl (\S+)\/checkout/.exec(await printed('Ctrl-C'))?.[1] ?? '')
    }
    const ids: string[] = []
    for (const gateway of gateways) {
      const answer = await fetch(`${gateway}/checkout/book`)
      ids.push(answer.headers.get('X-Request-Id') ?? '')
    }
    const [first = '', second = ''] = ids
    await one.printed(`trace ${first} `)
    await other.printed(`trace ${second} `)
    for (const { child } of [one, other]) child.kill('SIGINT')
    const [ofOne, ofOther] = [await one.ended, await other.ended]
    expect([ofOne.code, ofOther.code]).toEqual([0, 0])
    expect(ofOne.stdout).not.toContain(second)
    expect(ofOther.stdout).not.toContain(first)
    const tracesOf = ({ stdout }: { stdout: string }): string[] => stdout.match(/^trace \d+/gm) ?? []
    expect(tracesOf(ofOne).filter((trace) => tracesOf(ofOther).includes(trace))).toEqual([])
    expect(tracesOf(ofOne)).toHaveLength(5)
    expect(tracesOf(ofOther)).toHaveLength(5)
  })

  test('shows traces on a terminal that reports 0 columns', async () => {
    const command = `stty cols 0 rows 0; '${process.execPath}' '${start}' --once --file '${newFile()}'`
    const terminal = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    expect(terminal.stdout.match(/^trace \d+ · \d+ spans/gm)).toHaveLength(4)
    expect(terminal.status).toBe(0)
  })
})
