import { expect, test } from '@jest/globals'
import { createTracer } from '@trace/core'
import { useBrowser } from '../../support/page.js'
import { aSpan, storeOf } from '../../support/store.js'

const open = useBrowser()

test.each([
  [360, 100],
  [1280, 60],
  [1280, 500],
])('rows hold their place under the pointer as traces arrive, at %i px, scrolled by %i', async (width, scrolled) => {
  const services = ['a', 'b', 'c', 'd']
  const traces = Array.from({ length: 60 }, (_, n) => {
    const process = `${services[n % services.length]}:1@h`
    return [aSpan({ traceId: 1_000n + BigInt(n), from: n, name: `n ${n % 20} ${'long '.repeat(n % 8)}`, process })]
  })
  const store = await storeOf(...traces)
  const tracer = createTracer({ service: 'late', recorder: store })
  const { page } = await open(store, '', { viewport: { width, height: 700 } })
  await page.getByRole('button', { name: /Live/ }).waitFor()
  const main = page.locator('main.list')
  await main.evaluate((element, top) => element.scrollTo(0, top), scrolled)
  const row = page.locator('.list tbody tr').nth(10)
  const address = await row.locator('a').getAttribute('href')
  const held = page.locator('.list tbody tr', { has: page.locator(`a[href="${address}"]`) })
  const before = (await held.boundingBox())?.y
  for (let arrived = 1; arrived <= 3; arrived++) {
    tracer.trace('task', `arrival ${arrived}`, () => {})
    await tracer.flush()
    await page.locator('.list tbody tr', { hasText: `arrival ${arrived}` }).waitFor()
    // Until the page has been drawn, where the browser itself may scroll.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
    expect(Math.abs(((await held.boundingBox())?.y ?? 0) - (before ?? 0))).toBeLessThan(2)
  }
  // At its top, the list shows what arrives.
  await main.evaluate((element) => element.scrollTo(0, 0))
  tracer.trace('task', 'last arrival', () => {})
  await tracer.flush()
  await page.locator('.list tbody tr', { hasText: 'last arrival' }).waitFor()
  expect(await main.evaluate((element) => element.scrollTop)).toBe(0)
})

test.each(['Asia/Kolkata', 'America/New_York', 'Etc/UTC'])(
  'times are those of the browser, in %s, with the day where it is not today',
  async (timeZone) => {
    // In winter and in summer, on days that differ between the zones; and now.
    const times = [Date.UTC(2026, 0, 15, 20, 31, 7, 5), Date.UTC(2026, 6, 15, 3, 1, 59, 999), Date.now()]
    const starts = times.map((time, at) => aSpan({ traceId: BigInt(at + 1), start: BigInt(time) * 1_000_000n }))
    const { page } = await open(await storeOf(...starts.map((span) => [span])), '', { timezoneId: timeZone })
    await page.locator('.list tbody tr').nth(2).waitFor()
    const shown = await page.locator('.list td.start').allInnerTexts()
    const day = (time: number): string => new Date(time).toLocaleDateString('sv-SE', { timeZone })
    const expected = times.map((time) => {
      const clock = new Date(time).toLocaleTimeString('en-GB', { timeZone, timeStyle: 'medium' })
      const text = `${clock}.${String(time % 1000).padStart(3, '0')}`
      return day(time) === day(Date.now()) ? text : `${day(time)} ${text}`
    })
    expect(shown.toSorted()).toEqual(expected.toSorted())
  },
)

test('a time in a link is shown as unknown where its year does not have four digits', async () => {
  const { page } = await open(await storeOf([aSpan()]), '?from=999999999999999')
  const chosen = page.locator('option[value=chosen]')
  await chosen.waitFor({ state: 'attached' })
  expect(await chosen.textContent()).toBe('? to now')
})
