import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import type { Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../support/page.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const open = useBrowser()

/** As `checkout`, but without the receipt, with a greeting, slower stock that does not fail, and faster queries. */
function changed(): Span[] {
  const spans = checkout(8n).filter(({ name }) => name !== 'send receipt')
  const greeting = aSpan({ traceId: 8n, parentId: spans[0]?.spanId ?? 0n, kind: 'work', name: 'send <b>greeting</b>' })
  const altered = spans.map((span): Span => {
    if (span.kind === 'db') return { ...span, finish: span.start + 500_000n }
    return span.name === 'GET /stock/:item' ? { ...span, finish: span.start + 60_000_000n, data: {} } : span
  })
  return [...altered, greeting]
}

const rows = async (page: Page): Promise<string[]> =>
  (await page.locator('.compare tbody tr').allInnerTexts()).map((text) => text.trim().replaceAll(/\s+/g, ' '))

test('two traces stand side by side, by path: what is new, gone, slower and faster', async () => {
  const { page } = await open(await storeOf(checkout(7n), changed()), '?trace=7')
  await page.getByLabel('Compare with').fill('8')
  await page.keyboard.press('Enter')
  await page.locator('.compare tbody tr').first().waitFor()
  const found = await rows(page)
  expect(found).toHaveLength(7)
  const row = (name: string): string => found.find((text) => text.includes(name)) ?? ''
  expect(row('send receipt')).toContain(' gone ')
  expect(row('send <b>greeting</b>')).toContain(' new ')
  expect(row('GET /stock/:item')).toContain('+100% slower 30.0 ms → 60.0 ms 1 ✗ 1 → 0')
  // Fewer failures have no failure's colour.
  expect(await page.locator('.compare td.bad').count()).toBe(0)
  expect(row('select price')).toContain('-50% faster')
  expect(row('POST /orders')).not.toContain('%')
  // Each stands below what it was called by.
  const at = (name: string): number => found.findIndex((text) => text.includes(name))
  expect(at('GET /checkout/:item')).toBe(
    at('POST /orders') > at('send receipt') ? at('send receipt') - 1 : at('POST /orders') - 1,
  )
  expect(at('GET /stock/:item')).toBeGreaterThan(at('POST /orders'))
})

test('more failures have the colour of failures, also where all is new', async () => {
  const { page } = await open(await storeOf(changed(), checkout(7n)), '?trace=8&compare=7')
  await page.locator('.compare td.bad').waitFor()
  expect(await page.locator('.compare td.bad').allInnerTexts()).toEqual(['0 → ✗ 1'])
  const failed = [aSpan({ traceId: 9n, name: 'failed', data: { 'error.type': 'Error' } })]
  const { page: other } = await open(await storeOf(checkout(), failed), '?trace=7&compare=9')
  await other.locator('.compare tr.new td.bad').waitFor()
  const colors = await other
    .locator('.compare tr.new td')
    .evaluateAll((cells) => cells.map((cell) => [cell.className, getComputedStyle(cell).color]))
  const [plain] = colors
  expect(colors.filter(([, color]) => color !== plain?.[1]).map(([name]) => name)).toEqual(['bad'])
})

test('only what has changed in one way is shown, with what it is below, by keys and by a link', async () => {
  const { page, url } = await open(await storeOf(checkout(7n), changed()), '?trace=7&compare=8')
  const slower = page.getByRole('button', { name: 'slower 1' })
  await slower.focus()
  await page.keyboard.press('Enter')
  expect(await slower.getAttribute('aria-pressed')).toBe('true')
  const shown = await rows(page)
  expect(shown.map((text) => /GET \S+|POST \S+/.exec(text)?.[0])).toEqual([
    'GET /checkout/:item',
    'POST /orders',
    'GET /stock/:item',
  ])
  expect(await parameterOf(page, 'only')).toBe('slower')
  await page.goto(`${url}?trace=7&compare=8&only=gone`)
  await page.locator('.compare tbody tr.gone').waitFor()
  expect(await rows(page)).toHaveLength(2)
  await page.getByRole('link', { name: /^Trace 8/ }).click()
  await page.waitForSelector('.waterfall .row')
  expect(await parameterOf(page, 'trace')).toBe('8')
})

test('of many paths as many are drawn as the page draws at once, and all when they are asked for', async () => {
  const many = (traceId: bigint): Span[] => {
    const root = aSpan({ traceId })
    return [root, ...Array.from({ length: 1_200 }, (_, n) => aSpan({ traceId, parentId: root.spanId, name: `n ${n}` }))]
  }
  const { page } = await open(await storeOf(many(7n), many(8n)), '?trace=7&compare=8')
  await page.getByRole('button', { name: 'Show all 1201' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.compare tbody tr').length === 1_201)
})

test('says what is not compared, and which trace is not there', async () => {
  const deep: Span[] = []
  for (let level = 0; level < 70; level++)
    deep.push(aSpan({ traceId: 7n, parentId: deep.at(-1)?.spanId ?? 0n, name: `level ${level}` }))
  const { page, url } = await open(await storeOf(deep, checkout(8n)), '?trace=7&compare=8')
  await page.getByText('6 spans are not compared').waitFor()
  await page.goto(`${url}?trace=7&compare=9`)
  await page.getByText('memory has no trace 9').waitFor()
  await page.getByRole('link', { name: 'Back to the trace' }).waitFor()
})
