import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { jsonReader } from '@trace/jsonrec'
import { yamlReader } from '@trace/yamlrec'
import { newFile, run, start } from './support/run.js'

function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

describe('npm start', () => {
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
