import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { freshOffset, timeAt } from '../src/clock.js'

afterEach(() => {
  jest.restoreAllMocks()
})

const wall = (): bigint => BigInt(Date.now()) * 1_000_000n

describe('the clock', () => {
  test('keeps to the wall clock, and never runs backwards', () => {
    const offset = freshOffset()
    let before = timeAt(offset)
    for (let i = 0; i < 10_000; i++) {
      const now = timeAt(offset)
      expect(now >= before).toBe(true)
      before = now
    }
    expect(Math.abs(Number(before - wall()))).toBeLessThan(5e6)
  })

  test.each([-3_600_000, 3_600_000])('follows a step of the wall clock of %p ms, for new traces only', (step) => {
    const before = freshOffset()
    const real = Date.now
    jest.spyOn(Date, 'now').mockImplementation(() => real() + step)
    const after = freshOffset()
    expect(Math.abs(Number(timeAt(after) - wall()))).toBeLessThan(5e6)
    expect(Math.abs(Number(timeAt(before) - wall()) + step * 1e6)).toBeLessThan(5e6)
    jest.restoreAllMocks()
    freshOffset()
  })

  test('stays where it is while the wall clock is within 2 ms', () => {
    const before = freshOffset()
    for (let i = 0; i < 1_000; i++) expect(freshOffset()).toBe(before)
  })

  test('ends although the wall clock stands still, as under fake timers', () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_000)
    expect(Math.abs(Number(timeAt(freshOffset()) - 1_000_000_000n))).toBeLessThan(1e9)
    jest.restoreAllMocks()
    freshOffset()
  })

  test('of two processes agrees to well below a millisecond', () => {
    const clock = new URL('../dist/clock.js', import.meta.url).href
    const program = `import { freshOffset, timeAt } from ${JSON.stringify(clock)}
      console.log(String(timeAt(freshOffset()) - process.hrtime.bigint()))`
    const ask = () =>
      BigInt(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).trim())
    const differences = Array.from({ length: 5 }, () => Math.abs(Number(ask() - ask())) / 1e6)
    expect(Math.min(...differences)).toBeLessThan(0.5)
  })
})
