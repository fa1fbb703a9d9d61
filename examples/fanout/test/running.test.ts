import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { jsonReader } from '@trace/jsonrec'
import { yamlReader } from '@trace/yamlrec'
import { newFile, run, start } from './support/run.js'

function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0)
}

describe('npm start', () => {
  test('--dynamodb records to a table, with the same services, and leaves no temporary file behind', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'fanout-running-'))
    const { code, stdout, stderr } = await run(['--once', '--dynamodb'], start, { TMPDIR: temporary }).ended
    expect(readdirSync(temporary)).toEqual([])
    rmSync(temporary, { recursive: true })
    if (javaVersion() < 17) {
      expect(stderr).toMatch(/^DynamoDB Local does not run: .*It needs Java 17 or later\.\n$/)
      return
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('The spans are in the table Traces of DynamoDB Local')
    expect(stdout.match(/^trace \d+ · \d+ spans/gm)).toHaveLength(4)
    expect(stdout).toMatch(/inventory +work +find shelf .*✗ RangeError: there is no shelf for unicorn/)
  })

  test('records where TRACE_RECORDER says, and shows traces on a terminal that reports 0 columns', async () => {
    const file = newFile().replace('.yaml', '.jsonl')
    const command = `stty cols 0 rows 0; '${process.execPath}' '${start}' --once`
    const terminal = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', TRACE_RECORDER: `jsonl:${file}` },
    })
    expect(terminal.stdout.match(/^trace \d+ · \d+ spans/gm)).toHaveLength(4)
    expect(terminal.stdout).toContain(`The spans are in jsonl:${file}`)
    expect(terminal.status).toBe(0)
    expect((await jsonReader({ path: file }).traces()).traces).toHaveLength(4)
  })

  // Two, since what one of them shows must not depend on the other.
  test('stays up, prints the traces of requests sent to it, and no others of its file, and ends by Ctrl-C without leaving anything behind', async () => {
    const file = newFile()
    const [one, other] = [run(['--file', file]), run(['--file', file])]
    const gateways: string[] = []
    for (const { printed } of [one, other]) {
      gateways.push(/curl (\S+)\/checkout/.exec(await printed('Ctrl-C'))?.[1] ?? '')
    }
    const ids: string[] = []
    for (const gateway of gateways) {
      const answer = await fetch(`${gateway}/checkout/sofa`)
      expect(answer.status).toBe(200)
      ids.push(answer.headers.get('X-Request-Id') ?? '')
    }
    const [first = '', second = ''] = ids
    await one.printed(`trace ${first} `)
    await other.printed(`trace ${second} `)
    for (const { child } of [one, other]) child.kill('SIGINT')
    const [ofOne, ofOther] = [await one.ended, await other.ended]
    for (const end of [ofOne, ofOther]) expect(end).toMatchObject({ code: 0, stderr: '' })
    expect(ofOne.stdout).not.toContain(second)
    expect(ofOther.stdout).not.toContain(first)
    const tracesOf = ({ stdout }: { stdout: string }): string[] => stdout.match(/^trace \d+/gm) ?? []
    expect(tracesOf(ofOne).filter((trace) => tracesOf(ofOther).includes(trace))).toEqual([])
    for (const end of [ofOne, ofOther]) {
      // And the background task's, which runs again after half a minute.
      expect(tracesOf(end).length).toBeGreaterThanOrEqual(5)
      expect(end.stdout.split('GET /checkout/:item').length - 1).toBe(4)
    }
    for (const gateway of gateways) await expect(fetch(`${gateway}/checkout/book`)).rejects.toThrow()
    expect((await yamlReader({ path: file }).traces()).traces.length).toBeGreaterThanOrEqual(10)
  })
})
