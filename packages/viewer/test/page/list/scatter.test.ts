import { test } from '@jest/globals'
import { useBrowser } from '../../support/page.js'
import { aSpan, storeOf } from '../../support/store.js'

const open = useBrowser()

test('traces that are open, or took no time, do not set the scale of durations', async () => {
  const traces = [1, 10, 100].map((ms, n) => [
    aSpan({ traceId: 100n + BigInt(n), from: n * 1_000, ms, name: `took ${ms}` }),
  ])
  const still = [aSpan({ traceId: 200n, from: 3_000, finish: undefined, name: 'open' })]
  const none = [aSpan({ traceId: 201n, from: 4_000, ms: 0, name: 'none' })]
  const { page } = await open(await storeOf(...traces, still, none))
  await page.waitForSelector('.list tbody tr')
  const { x = 0, y = 0, width = 0 } = (await page.locator('.scatter canvas').boundingBox()) ?? {}
  const caption = page.locator('.scatter figcaption')
  // Where the axes are: see `MARGIN` of scatter-scale.ts.
  const [left, inner, top, high] = [64, width - 76, 10, 118]
  for (const [name, seconds, height] of [
    ['took 1 ', 0, 0],
    ['took 10 ', 1, 0.5],
    ['took 100 ', 2, 1],
    ['open', 3, 0],
    ['none', 4, 0],
  ] as const) {
    await page.mouse.move(x + left + (inner * seconds) / 4, y + top + high * (1 - height))
    await caption.filter({ hasText: name }).waitFor()
  }
})
