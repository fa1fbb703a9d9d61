import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../support/page.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const open = useBrowser()

const focused = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.activeElement?.textContent?.replaceAll(/\s+/g, ' '))

describe('the help', () => {
  test.each(['', '?trace=7'])('has the keys to itself, and Escape closes nothing but it: %s', async (path) => {
    const { page } = await open(await storeOf(checkout()), path)
    await page.waitForSelector('.waterfall .row, .list tbody tr')
    if (path !== '') await page.locator('.waterfall .row').nth(1).click()
    const before = await page.evaluate(() => location.search)
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    // A click on its text takes the focus from its button.
    await page.locator('dialog td').first().click()
    for (const key of ['j', 't', 'u', 'c', '/']) await page.keyboard.press(key)
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
    expect(await page.evaluate(() => location.search)).toBe(before)
    await page.keyboard.press('t')
    expect(await parameterOf(page, 'time')).toBe('utc')
  })

  test('begins with its first keys where the window is low', async () => {
    const { page } = await open(await storeOf(checkout()), '', { viewport: { width: 360, height: 740 } })
    await page.waitForSelector('.list tbody tr')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    const top = await page.locator('dialog').evaluate((dialog) => [dialog.scrollTop, dialog.scrollHeight > 740])
    expect(top).toEqual([0, true])
    expect(await focused(page)).toBe('Close')
  })
})

describe('the search box', () => {
  test.each(['', '?trace=7'])('is left by Escape: %s', async (path) => {
    const { page } = await open(await storeOf(checkout()), path)
    await page.waitForSelector('.waterfall .row, .list tbody tr')
    await page.keyboard.press('/')
    await page.keyboard.type('kind:request')
    for (const key of ['Enter', 'Escape', 'Escape', 'j']) await page.keyboard.press(key)
    expect(await page.locator('input[data-search]').inputValue()).toBe('kind:request')
    await page.waitForSelector('.row.selected, td.name a:focus')
  })

  test('is left by one Tab for what comes next', async () => {
    const { page } = await open(await storeOf(checkout()))
    await page.waitForSelector('.list tbody tr')
    // Also where an option was chosen before it was left.
    for (const key of ['/', 'ArrowDown', 'Escape', 'Escape', '/']) await page.keyboard.press(key)
    await page.getByRole('option').first().waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT')
  })

  test('shows the suggestion that the arrows have reached', async () => {
    const { page } = await open(await storeOf(checkout()))
    await page.waitForSelector('.list tbody tr')
    await page.keyboard.press('/')
    await page.keyboard.press('ArrowUp')
    const within = await page.locator('[role=option][aria-selected=true]').evaluate((option) => {
      const list = option.parentElement ?? option
      return option.getBoundingClientRect().bottom <= list.getBoundingClientRect().bottom
    })
    expect(within).toBe(true)
  })
})

test.each(['u', 'Back'])('the list goes on by keys from the trace that was opened last: %s', async (way) => {
  const traces = Array.from({ length: 8 }, (_, n) => [aSpan({ traceId: 100n + BigInt(n), from: n, name: `n ${n}` })])
  const { page } = await open(await storeOf(...traces))
  await page.waitForSelector('.list tbody tr')
  for (let times = 0; times < 5; times++) await page.keyboard.press('j')
  expect(await focused(page)).toBe('request n 3')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.waterfall .row')
  // The address of the row changes with what is kept in each.
  await page.keyboard.press('t')
  if (way === 'u') await page.keyboard.press('u')
  else await page.goBack()
  await page.waitForSelector('.list tbody tr')
  await page.keyboard.press('j')
  expect(await focused(page)).toBe('request n 3')
  await page.keyboard.press('j')
  expect(await focused(page)).toBe('request n 2')
})

test('a key counts as soon as what it moves is there', async () => {
  const { page } = await open(await storeOf(checkout()))
  await page.waitForSelector('.list tbody tr')
  for (const key of ['j', 'Enter']) await page.keyboard.press(key)
  await page.waitForSelector('.waterfall .row')
  // Sooner than any frame is painted.
  await page.evaluate(() => {
    new MutationObserver((_changes, observer) => {
      if (document.querySelector('.list tbody tr') === null) return
      observer.disconnect()
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))
    }).observe(document.body, { childList: true, subtree: true })
  })
  await page.keyboard.press('u')
  await page.waitForSelector('td.name a:focus')
})
