import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { LedgerCollector } from '../../src/tree/ledgers.js'
import { aSpan } from '../support/spans.js'

const START = 1_445_346_855_000_000_000n
const SECOND = 1_000_000_000n

function ledger(process: string, from: number, took = 60): Span {
  const start = START + BigInt(from) * SECOND
  const finish = start + BigInt(took) * SECOND
  return aSpan({ spanId: BigInt(from + 1_000), kind: 'ledger', name: 'spans', process, start, finish })
}

function chosen(trace: readonly Span[], among: readonly Span[]): Span[] {
  const collector = new LedgerCollector(trace)
  for (const each of among) collector.add(each)
  return collector.ledgers()
}

const whole = aSpan({ start: START, finish: START + 10n * SECOND })

test('chooses the ledgers of the time of a trace, and the last of each process, in any order', () => {
  const [before, first, second] = [ledger('a:1@h', -121), ledger('a:1@h', -120), ledger('b:2@h', 15)]
  const [after, last] = [ledger('a:1@h', 16), ledger('a:1@h', 500)]
  const trace = [{ ...whole, parentId: 5n }]
  expect(new LedgerCollector(trace).from).toBe(START - 120n * SECOND)
  expect(chosen(trace, [last, before, second, whole, after, first])).toEqual([second, first, last])
})

test.each<[string, Partial<Span>, boolean]>([
  ['lacks nothing', {}, false],
  ['has an open span', { finish: undefined }, true],
  ['lacks a parent', { parentId: 5n }, true],
])('of a trace that %s', (_what, parts, needs) => {
  const trace = [{ ...whole, ...parts }]
  expect(new LedgerCollector(trace).from !== undefined).toBe(needs)
  expect(chosen(trace, [ledger('a:1@h', 0)])).toHaveLength(needs ? 1 : 0)
})

test('holds no more than some thousand', () => {
  const many = Array.from({ length: 3_000 }, (_, at) => ({ ...ledger(`a:${at}@h`, 1), spanId: BigInt(at + 1) }))
  expect(chosen([{ ...whole, parentId: 5n }], many)).toHaveLength(1_000)
})
