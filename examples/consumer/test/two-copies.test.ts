import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from '@jest/globals'

const program = fileURLToPath(new URL('../programs/two-copies.cjs', import.meta.url))
let found: Record<string, unknown> = {}
let atExit: string[] = []

// Within Jest, and behind some loaders and bundlers, a program may load the packages as CommonJS and as ES modules.
beforeAll(() => {
  const run = spawnSync(process.execPath, ['--no-experimental-require-module', program], { encoding: 'utf8' })
  expect(run.status === 0 ? '' : run.stderr).toBe('')
  const [line = '', ...more] = run.stdout.trim().split('\n')
  found = JSON.parse(line)
  atExit = more
})

test('both are really loaded', () => {
  expect(found['copies']).toBe(2)
})

test('they have one context', () => {
  expect(found['context']).toEqual([true, true, true, true])
  expect(found['unsampled']).toEqual([1, 1])
})

test('they have one store for a memory: URL', () => {
  expect(found['memory']).toEqual(['recorded by one copy'])
})

test('an error of one is an instance of the class of the other', () => {
  expect(found['errors']).toEqual({
    trace: [true, true],
    record: [true, true],
    others: [false, false, false],
    subclass: [true, true],
  })
  expect(found['lost']).toEqual({ recorded: 1, failed: 1 })
})

test('a trace goes through services that different copies trace, each with the names of its routes', () => {
  const chain = ['request GET /orders/:id', 'client GET 127.0.0.1', 'request GET /stock/:item', 'db look']
  expect(found['trace']).toEqual([chain, chain, chain])
})

test('what one has wrapped, the other does not wrap again', () => {
  for (const { early, late } of found['frames'] as { early: number; late: number }[]) {
    expect(late).toBe(early)
    expect(early).toBeGreaterThan(5)
  }
})

test('both on one server give one span a request, and one warning', () => {
  const route = 'GET /users/:id'
  expect(found['express']).toEqual([[route, route], []])
  expect(found['fastify']).toEqual([[route, route], []])
  expect(found['node']).toEqual([[], ['GET /users/7', 'GET /users/7']])
  expect(found['warnings']).toEqual(
    ['traceExpress', 'traceFastify', 'traceNode'].map((name) => expect.stringContaining(`${name} is registered twice`)),
  )
})

test('only one traces outgoing requests', () => {
  expect(found['clients']).toBe('TRACE_ALREADY_ON')
})

test('both store at exit what they hold', () => {
  expect(atExit.sort()).toEqual(['0: last', '1: last'])
})
