import { expect, test } from '@jest/globals'
import { parameterOf, useBrowser } from '../../support/page.js'
import { aSpan, storeOf } from '../../support/store.js'

const open = useBrowser()

test('marks when no child of a span ran, and when no span did, as it is zoomed', async () => {
  const root = aSpan({ name: 'work', ms: 100 })
  const first = aSpan({ parentId: root.spanId, name: 'first', ms: 20 })
  const second = aSpan({ parentId: root.spanId, name: 'second', from: 60, ms: 37 })
  const later = aSpan({ name: 'later', from: 150, ms: 50 })
  const { page } = await open(await storeOf([root, first, second, later]), `?trace=7&span=${root.spanId}`)
  await page.waitForSelector('.row')
  const gaps = page.locator('.row').first().locator('.gap')
  expect(await gaps.evaluateAll((marks) => marks.map((mark) => mark.getAttribute('title')))).toEqual([
    'none of its children ran for 40.0 ms',
  ])
  expect(await page.locator('.row').first().locator('.still').getAttribute('title')).toBe('no span ran for 50.0 ms')
  const [gap, bar] = [await gaps.boundingBox(), await page.locator('.row').first().locator('.bar').boundingBox()]
  expect(Math.round((((gap?.x ?? 0) - (bar?.x ?? 0)) / (bar?.width ?? 1)) * 100)).toBe(20)
  expect(await page.getByRole('region', { name: 'Gaps' }).innerText()).toMatch(
    /40\.0 ms, request first to request second/,
  )
  expect(await page.locator('.row').first().innerText()).toContain('self 43.0 ms')
  await page.keyboard.press('g')
  expect(await page.locator('.gap, .still').count()).toBe(0)
  expect(await parameterOf(page, 'gaps')).toBe('off')
  await page.reload()
  await page.waitForSelector('.row')
  expect(await page.locator('.gap, .still').count()).toBe(0)
  await page.getByRole('button', { name: 'Gaps' }).click()
  await page.goto(`${page.url()}&zoom=80000000-100000000`)
  await page.waitForSelector('.row')
  expect(await gaps.evaluateAll((marks) => marks.map((mark) => mark.getAttribute('title')))).toEqual([
    'none of its children ran for 3.00 ms',
  ])
})
