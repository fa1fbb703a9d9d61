import { expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { savedPage } from '../../../dist/index.js'
import { parameterOf, useBrowser } from '../../support/page.js'
import { aSpan, lacking, storeOf } from '../../support/store.js'

const open = useBrowser()

async function openLacking(query = ''): Promise<Page> {
  const { spans, ledgers } = lacking()
  const { page } = await open(await storeOf(spans, ledgers), `?trace=7${query}`)
  await page.waitForSelector('.row')
  return page
}

const head = (page: Page): Promise<string> => page.locator('.head').innerText()

/** Where a bar begins and ends, in shares of the width of its cell. */
async function bar(page: Page, name: string): Promise<readonly [number, number]> {
  const row = page.locator('.row', { hasText: name })
  const [cell, box] = [await row.locator('.time').boundingBox(), await row.locator('.bar').boundingBox()]
  if (cell === null || box === null) throw new Error(`no bar of ${name}`)
  return [(box.x - cell.x) / cell.width, (box.x + box.width - cell.x) / cell.width]
}

test('says how many spans are missing, and who lost them by its ledger; the saved page does, too', async () => {
  const page = await openLacking()
  const says = async (): Promise<void> => {
    expect(await head(page)).toContain('1 span missing')
    expect(await head(page)).toMatch(
      /select price \(999\) is not stored: orders:2@web-2 lost 310 spans from .* \(its queue was full\)/,
    )
    expect(await page.locator('.row', { hasText: 'select price' }).innerText()).toContain(
      'its parent is lost: orders:2@web-2 lost 310 then',
    )
  }
  await says()
  const { spans, ledgers } = lacking()
  await page.evaluate(
    (html) => {
      const data = new DataTransfer()
      data.items.add(new File([html], 'trace.html'))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    },
    savedPage([...spans, ...ledgers]),
  )
  await page.getByRole('button', { name: 'Close the file' }).waitFor()
  await says()
})

test('tells of clocks that differ, corrects them on request, and says so as long as it does', async () => {
  const page = await openLacking()
  const recorded =
    'the clock of web-2 is behind that of web-1 by some 505 ms, as a call shows; times are shown as they were recorded'
  expect(await head(page)).toContain(recorded)
  expect((await bar(page, 'POST /orders'))[1]).toBeLessThan(0.2)
  await page.keyboard.press('s')
  await page.getByText('its times are corrected here').waitFor()
  expect(await parameterOf(page, 'clocks')).toBe('corrected')
  const [from, to] = await bar(page, 'POST /orders')
  expect(Math.abs(from - 0.15)).toBeLessThan(0.02)
  expect(Math.abs(to - 0.85)).toBeLessThan(0.02)
  await page.reload()
  await page.getByText('its times are corrected here').waitFor()
  expect((await bar(page, 'POST /orders'))[0]).toBe(from)
  await page.getByRole('button', { name: 'Correct the clocks' }).click()
  await page.getByText('times are shown as they were recorded').waitFor()
  expect(await parameterOf(page, 'clocks')).toBeNull()
})

test('offers no correction where clocks agree', async () => {
  const { page } = await open(await storeOf([aSpan()]), '?trace=7&clocks=corrected')
  await page.waitForSelector('.row')
  await page.keyboard.press('s')
  expect(await page.getByRole('button', { name: 'Correct the clocks' }).count()).toBe(0)
  expect(await head(page)).not.toContain('corrected')
})

test('shows the table by name, sorted as the URL says, and times in UTC, which stay so on the way to the list', async () => {
  const { spans, ledgers } = lacking()
  const { page } = await open(await storeOf(spans, ledgers), '?trace=7&view=table')
  const names = (): Promise<string[]> => page.locator('.names tbody button').allInnerTexts()
  await page.waitForSelector('.names tr')
  await page.getByRole('button', { name: 'Failed' }).click()
  expect((await names())[0]).toBe('POST /orders')
  expect(await parameterOf(page, 'sort')).toBe('failed')
  await page.keyboard.press('t')
  await page.getByRole('button', { name: 'UTC' }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'UTC' }).waitFor()
  expect((await names())[0]).toBe('POST /orders')
  await page.keyboard.press('u')
  await page.waitForSelector('.list tbody tr')
  expect(await page.evaluate(() => location.search)).toBe('?time=utc')
})
