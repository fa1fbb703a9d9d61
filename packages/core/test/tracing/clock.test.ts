import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { freshOffset } from '../../src/tracing/clock.js'
import { monotonic } from '../../src/values/timers.js'

afterEach(() => {
  jest.restoreAllMocks()
})

const timeAt = (offset: bigint): bigint => monotonic() + offset
const wall = (): bigint => BigInt(Date.now()) * 1_000_000n

/** Whether a clock agrees with the wall clock, asked before and after, to a tenth of a second, since a process may be stopped at any line. */
function agrees(offset: bigint, step = 0n): boolean {
  const before = wall()
  const time = timeAt(offset) + step
  return before - 100_000_000n <= time && time <= wall() + 100_000_000n
}

describe('the clock', () => {
  test('keeps to the wall clock, and never runs backwards', () => {
    const offset = freshOffset()
    let before = timeAt(offset)
    for (let i = 0; i < 10_000; i++) {
      const now = timeAt(offset)
      expect(now >= before).toBe(true)
      before = now
    }
    expect(agrees(offset)).toBe(true)
  })

  test.each([-3_600_000, 3_600_000])('follows a step of the wall clock of %p ms, for new traces only', async (step) => {
    const before = freshOffset()
    const real = Date.now
    jest.spyOn(Date, 'now').mockImplementation(() => real() + step)
    await sleep(5)
    const after = freshOffset()
    expect(agrees(after)).toBe(true)
    expect(agrees(before, BigInt(step) * 1_000_000n)).toBe(true)
    jest.restoreAllMocks()
    await sleep(5)
    freshOffset()
  })

  test('stays where it is while the wall clock is within 2 ms', () => {
    const before = freshOffset()
    for (let i = 0; i < 1_000; i++) expect(freshOffset()).toBe(before)
  })

  test('stays where it is where the process is stopped between its looks at the two clocks', async () => {
    await sleep(5)
    const before = freshOffset()
    await sleep(5)
    const moment = monotonic()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    expect(freshOffset(moment)).toBe(before)
  })

  test('is right to the millisecond after a step, although the process is stopped at the tick', async () => {
    await sleep(5)
    const before = freshOffset()
    const real = Date.now
    let shown = 0
    let stops = 1
    jest.spyOn(Date, 'now').mockImplementation(() => {
      const now = real() + 3_600_000
      const isTick = shown !== 0 && now !== shown
      shown = now
      if (isTick && stops-- > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      return now
    })
    await sleep(5)
    const step = freshOffset() - before
    jest.restoreAllMocks()
    await sleep(5)
    freshOffset()
    expect(Math.abs(Number(step) / 1e6 - 3_600_000)).toBeLessThan(25)
  })

  test('ends although the wall clock stands still, as under fake timers', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_000)
    await sleep(5)
    expect(Math.abs(Number(timeAt(freshOffset()) - 1_000_000_000n))).toBeLessThan(1e9)
    jest.restoreAllMocks()
    await sleep(5)
    freshOffset()
  })

  test('waits no more for a wall clock that was seen to stand still, wherever it stands later', async () => {
    const asked = jest.spyOn(Date, 'now').mockReturnValue(2_000)
    await sleep(5)
    freshOffset()
    asked.mockClear()
    for (let at = 3_000; at < 3_020; at++) {
      asked.mockReturnValue(at)
      await sleep(2)
      expect(Math.abs(Number(timeAt(freshOffset())) - at * 1e6)).toBeLessThan(1e9)
    }
    expect(asked.mock.calls.length).toBeLessThanOrEqual(100)
    jest.restoreAllMocks()
    await sleep(5)
    expect(agrees(freshOffset())).toBe(true)
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no clock')
      },
    ],
    ['gives nothing', () => undefined],
    ['gives a bigint', () => 5n],
    ['gives no number', () => Number.NaN],
    ['gives no end', () => Number.POSITIVE_INFINITY],
    ['gives what is no date', () => 1e300],
  ])('stays where it is where a wall clock in the place of the real one %s', async (_what, fake) => {
    const before = freshOffset()
    jest.spyOn(Date, 'now').mockImplementation(fake as () => number)
    await sleep(5)
    expect(freshOffset()).toBe(before)
    jest.restoreAllMocks()
  })

  test('takes a wall clock that gives fractions, and one that goes mad while it is asked', async () => {
    const fake = jest.spyOn(Date, 'now').mockReturnValue(1_000.75)
    await sleep(5)
    expect(() => freshOffset()).not.toThrow()
    for (let looks = 1; looks < 5; looks++) {
      fake.mockReset()
      for (let look = 1; look <= looks; look++) fake.mockReturnValueOnce(5_000_000 * looks + look)
      fake.mockReturnValue(Number.NaN)
      await sleep(5)
      expect(() => freshOffset()).not.toThrow()
    }
    jest.restoreAllMocks()
    await sleep(5)
    freshOffset()
  })

  test('asks the wall clock once a millisecond at most', () => {
    const offset = freshOffset()
    const moment = process.hrtime.bigint() + 1_000_000n
    // It agrees with ours, however long this process is stopped in between: otherwise it would be asked again.
    const asked = jest.spyOn(Date, 'now').mockReturnValue(Number((moment + offset) / 1_000_000n))
    for (let i = 0; i < 1_000; i++) freshOffset(moment)
    expect(asked).toHaveBeenCalledTimes(1)
    freshOffset(moment + 1_000_000n)
    expect(asked).toHaveBeenCalledTimes(2)
  })

  test('of two processes agrees to well below a millisecond', () => {
    const core = new URL('../../dist/index.js', import.meta.url).href
    const program = `import { createTracer, memoryRecorder } from ${JSON.stringify(core)}
      const tracer = createTracer({ service: 'test', recorder: memoryRecorder() })
      tracer.start('test', 'warm')
      const before = process.hrtime.bigint()
      const { start } = tracer.start('test', 'clock')
      console.log(String(start - (before + process.hrtime.bigint()) / 2n))`
    const ask = () =>
      BigInt(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).trim())
    const difference = () => Math.abs(Number(ask() - ask())) / 1e6
    // A process may be stopped at any line, so that one pair may be further apart.
    let least = difference()
    for (let again = 0; again < 4 && least >= 0.5; again++) least = Math.min(least, difference())
    expect(least).toBeLessThan(0.5)
  })
})
