import { expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../../support/page.js'
import { checkout, storeOf } from '../../support/store.js'

const open = useBrowser()

async function openTrace(query = ''): Promise<Page> {
  const { page } = await open(await storeOf(checkout()), `?trace=7${query}`)
  await page.waitForSelector('.waterfall .row')
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
