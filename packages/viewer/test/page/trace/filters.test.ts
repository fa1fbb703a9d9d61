import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import type { Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../../support/page.js'
import { aSpan, checkout, storeOf } from '../../support/store.js'

const open = useBrowser()

async function openTrace(query = ''): Promise<Page> {
  const { page } = await open(await storeOf(checkout()), `?trace=7${query}`)
  await page.waitForSelector('.waterfall')
  return page
}

const rows = (page: Page): Promise<number> => page.locator('.waterfall .row').count()

test('hides what took less than a share of the trace, and says how many spans it hides', async () => {
  const page = await openTrace()
  await page.getByLabel('Minimum duration in ms').fill('50')
  await page.getByText('14 spans hidden').waitFor()
  await page.getByLabel('Unit of the minimum duration').selectOption('%')
  await page.getByText('14 spans hidden').waitFor()
  expect(await parameterOf(page, 'min')).toBe('50%')
  await page.getByLabel('Minimum duration in % of the trace').fill('4')
  await page.getByText('12 spans hidden').waitFor()
  expect(await rows(page)).toBe(5)
  await page.reload()
  await page.getByText('12 spans hidden').waitFor()
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  expect(await rows(page)).toBe(6)
  expect(await page.getByText(/spans hidden/).count()).toBe(0)
})

test('a search finds nothing that is hidden, but what failed', async () => {
  const page = await openTrace('&q=select&hide=kind%3Adb')
  const count = page.locator('.controls .count')
  expect([await count.innerText(), await page.getByText('12 spans hidden').count()]).toEqual(['nothing found', 1])
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForFunction(() => document.querySelector('.controls .count')?.textContent === '0/12')
  await page.goto(page.url().replace('q=select', 'q=stock&hide=service%3Ainventory'))
  await page.waitForSelector('.row.match.failed')
  expect(await count.innerText()).toBe('0/1')
})

test('collapses one level, and all spans of a kind', async () => {
  const page = await openTrace()
  await page.keyboard.press('[')
  expect([await rows(page), await parameterOf(page, 'level')]).toEqual([6, '2'])
  await page.keyboard.press('[')
  expect([await rows(page), await parameterOf(page, 'level')]).toEqual([4, '1'])
  await page.keyboard.press(']')
  await page.keyboard.press(']')
  expect([await rows(page), await parameterOf(page, 'level')]).toEqual([6, null])
  await page.getByText('Hide', { exact: true }).click()
  const collapse = page.getByRole('button', { name: 'Collapse all of kind request' })
  await collapse.click()
  expect([await rows(page), await parameterOf(page, 'shut')]).toEqual([2, 'request'])
  await page.reload()
  await page.waitForSelector('.row')
  await page.locator('.row').first().getByRole('button').click()
  expect(await rows(page)).toBe(4)
  await page.keyboard.press('*')
  expect([await rows(page), await parameterOf(page, 'shut')]).toEqual([6, null])
})

test('keeps the durations beside their bars out of the names', async () => {
  const page = await openTrace()
  const overlaps = await page.locator('.row').evaluateAll(
    (all) =>
      all.filter((row) => {
        const [cell, took] = ['.time', '.took'].map((each) => row.querySelector(each)?.getBoundingClientRect())
        return cell === undefined || took === undefined || took.left < cell.left - 1 || took.right > cell.right + 1
      }).length,
  )
  expect(overlaps).toBe(0)
})

test('folds a chain of only children into one line, which opens, and stops at what has failed', async () => {
  const chain: Span[] = [aSpan({ name: 'root', ms: 100 })]
  for (let level = 1; level <= 20; level++) {
    const failed = level === 12 ? { 'error.type': 'Error', 'error.message': 'no' } : {}
    chain.push(aSpan({ parentId: chain.at(-1)?.spanId ?? 0n, name: `level ${level}`, ms: 100 - level, data: failed }))
  }
  const last = chain.at(-1)?.spanId ?? 0n
  const { page } = await open(
    await storeOf([...chain, aSpan({ parentId: last, name: 'a' }), aSpan({ parentId: last, name: 'b' })]),
    '?trace=7',
  )
  await page.waitForSelector('.row')
  const names = async (): Promise<string[]> =>
    (await page.locator('.row .what').allInnerTexts()).map((text) =>
      text.replaceAll(/\s+/g, ' ').replace('gateway request ', ''),
    )
  const folded = ['root', 'level 1 … 11 levels', '✗ level 12', 'level 13 … 7 levels', 'level 20', 'a', 'b']
  expect(await names()).toEqual(folded)
  const levels = await page.locator('.row').evaluateAll((all) => all.map((row) => row.getAttribute('aria-level')))
  expect(levels).toEqual(['1', '2', '3', '4', '5', '6', '6'])
  await page.keyboard.press('e')
  expect(await page.locator('.row.selected').innerText()).toContain('level 12')
  await page.keyboard.press('k')
  await page.keyboard.press('ArrowRight')
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 17)
  expect((await names()).slice(0, 4)).toEqual(['root', 'level 1', 'level 2', 'level 3'])
  expect((await names()).slice(-5)).toEqual(['✗ level 12', 'level 13 … 7 levels', 'level 20', 'a', 'b'])
  await page.locator('.row', { hasText: '7 levels' }).getByRole('button').click()
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 23)
  await page.keyboard.press('*')
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 7)
  await page.getByRole('button', { name: 'Fold like siblings' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 23)
})
