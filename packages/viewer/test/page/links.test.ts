import { expect, test } from '@jest/globals'
import type { Locator, Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../support/page.js'
import { checkout, lacking, storeOf } from '../support/store.js'

const open = useBrowser()
/** How the page shows things, wherever one goes. */
const KEPT = 'time=utc&panel=below'

/** The parameters of a page, in the order of their names. */
async function stateOf(page: Page): Promise<string> {
  return page.evaluate(() =>
    [...new URLSearchParams(location.search)]
      .map((pair) => pair.join('='))
      .toSorted()
      .join('&'),
  )
}

/** What a link leads to in a tab of its own, and then in this one; goes back. */
async function followed(page: Page, link: Locator): Promise<string> {
  await link.waitFor()
  const before = await stateOf(page)
  const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click({ button: 'middle' })])
  await tab.waitForSelector('main')
  const inTab = await stateOf(tab)
  await tab.close()
  expect(await stateOf(page)).toBe(before)
  await link.click()
  await page.waitForFunction((from) => location.search !== from, `?${before}`)
  const here = await stateOf(page)
  await page.goBack()
  await page.waitForFunction(
    (count) => [...new URLSearchParams(location.search)].length === count,
    before.split('&').length,
  )
  expect([inTab, await stateOf(page)]).toEqual([here, before])
  return here
}

const sorted = (...parts: string[]): string => parts.join('&').split('&').toSorted().join('&')

test('every link keeps how times are shown and where the details are, in this tab and in another', async () => {
  const store = await storeOf(
    checkout(),
    checkout(8n),
    lacking(9n).spans.map((span) => ({ ...span })),
  )
  const { page } = await open(store, `?q=kind:request&sort=duration&${KEPT}`, { reducedMotion: 'reduce' })
  const row = page.locator('.list td.name a').first()
  const to = await followed(page, row)
  expect(to).toMatch(/^panel=below&time=utc&trace=\d$/)

  // Out of a trace, to the list as it was left.
  await row.click()
  await page.waitForSelector('.waterfall .row')
  const top = page.getByRole('link', { name: 'Traces' })
  expect(await followed(page, top)).toBe(sorted('q=kind:request&sort=duration', KEPT))
  await page.keyboard.press('u')
  await page.waitForSelector('.list tbody tr')
  expect(await stateOf(page)).toBe(sorted('q=kind:request&sort=duration', KEPT))
  expect(await followed(page, top)).toBe(sorted(KEPT))
})

test('what one does in a trace keeps all other states of it, and so do Back and a copied link', async () => {
  const all = `level=9&folds=off&gaps=off&critical=off&min=0.5&hide=kind:none&shut=none&zoom=0-100000000&clocks=corrected&${KEPT}`
  const { page } = await open(await storeOf(checkout(), checkout(8n)), `?trace=7&${all}`)
  await page.waitForSelector('.waterfall .row')
  const keeps = async (...others: (string | undefined)[]): Promise<void> => {
    const now = await stateOf(page)
    for (const part of all.split('&')) if (!others.includes(part.split('=')[0])) expect(now.split('&')).toContain(part)
  }
  await page.keyboard.press('e')
  await page.locator('.row.selected').waitFor()
  const span = await parameterOf(page, 'span')
  await page.keyboard.press('E')
  await keeps()
  await page.keyboard.press('r')
  await page.getByRole('button', { name: 'Show the whole trace' }).waitFor()
  expect(await parameterOf(page, 'root')).toBe(span)
  await keeps('zoom')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'By name' }).click()
  await keeps('zoom')
  await page.getByPlaceholder('trace id').fill('8')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.compare tbody tr')
  await keeps('zoom')
  const compared = await stateOf(page)
  expect(await followed(page, page.getByRole('link', { name: /^Trace 8/ }))).toBe(sorted('trace=8', KEPT))
  await page.goBack()
  await page.locator('.names tr').first().waitFor()
  expect(`${await stateOf(page)}&compare=8`.split('&').toSorted().join('&')).toBe(compared)
  await page.reload()
  await page.locator('.names tr').first().waitFor()
  await keeps('zoom')
})
