import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { useBrowser } from '../support/page.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const open = useBrowser()

/** The colour of each service in the head of a trace. */
const colorsOf = (page: Page): Promise<string[]> =>
  page
    .locator('.head .facts .dot')
    .evaluateAll((dots) =>
      dots.map((dot) => `${dot.parentElement?.textContent} ${getComputedStyle(dot).backgroundColor}`),
    )

describe('colours of services', () => {
  // Ten of the services of the list come before those of the trace.
  const others = Array.from({ length: 10 }, (_, n) => [
    aSpan({ traceId: 100n + BigInt(n), from: 1_000 + n, process: `service ${n}:1@h` }),
  ])

  test('are the same by a link and from the list, and no two of a trace are alike', async () => {
    const { page, url } = await open(await storeOf(checkout(), ...others))
    await page.locator('.list td.name a', { hasText: 'checkout' }).click()
    await page.waitForSelector('.head .facts .dot')
    const fromList = await colorsOf(page)
    expect(new Set(fromList.map((each) => each.replace(/.* rgb/, ''))).size).toBe(4)
    await page.goto(`${url}?trace=7`)
    await page.waitForSelector('.head .facts .dot')
    expect(await colorsOf(page)).toEqual(fromList)
  })

  test('of ten services are all different', async () => {
    const { page } = await open(await storeOf(others.flat().map((span) => ({ ...span, traceId: 7n }))), '?trace=7')
    await page.waitForSelector('.head .facts .dot')
    expect(new Set((await colorsOf(page)).map((each) => each.replace(/.* rgb/, ''))).size).toBe(10)
  })
})

test('the name of the store is in the head of a trace that was opened by a link', async () => {
  const { page } = await open(await storeOf(checkout()), '?trace=7')
  await page.waitForSelector('.waterfall .row')
  expect(await page.locator('.top .store').innerText()).toBe('memory')
})

test('what turns the direction of writing in a name ends with the name', async () => {
  const turned = { name: 'GET /\u202Eevil', kind: 'request\u202E', process: 'shop\u202E:1@h' }
  const root = aSpan({ ...turned, traceId: 7n })
  const children = Array.from({ length: 6 }, (_, n) => aSpan({ ...turned, parentId: root.spanId, from: n, ms: 1 }))
  const { page, url } = await open(await storeOf([root, ...children]))
  /** Whether each part of an element begins where the one before ends, or further down, from left to right. */
  const isInOrder = (selector: string): Promise<boolean> =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => {
        const places = [...element.childNodes]
          .filter((node) => node.textContent?.trim() !== '')
          .map((node) => {
            const range = document.createRange()
            range.selectNode(node)
            return range.getBoundingClientRect()
          })
          .filter(({ width }) => width > 0)
        return places.length > 1 && places.every(({ left }, at) => left >= (places[at - 1]?.right ?? 0) - 1)
      })
  await page.waitForSelector('.list tbody tr')
  expect(await isInOrder('.list td.name a')).toBe(true)
  await page.goto(`${url}?trace=7&span=${root.spanId}`)
  await page.waitForSelector('.details h2')
  for (const selector of [
    '.row:nth-child(2) .what',
    '.row .what .kind',
    '.head h2',
    '.head .facts > :last-child',
    '.details h2',
  ])
    expect([selector, await isInOrder(selector)]).toEqual([selector, true])
})

test.each([
  ['America/New_York', /T\d\d:\d\d:[\d.]+-0\d:00/g, 2],
  ['Etc/UTC', /T\d\d:\d\d:[\d.]+Z/g, 1],
])('notices have times as the page shows them, and the head has no time twice: %s', async (timezoneId, own, times) => {
  const { page } = await open(await storeOf(checkout()), '?trace=7', { timezoneId })
  await page.waitForSelector('.waterfall .row')
  const heard = page.locator('.notice', { hasText: 'last heard of' })
  expect((await heard.innerText()).match(own)).toHaveLength(1)
  expect((await page.locator('.head .facts').innerText()).match(/T\d\d:\d\d:/g)).toHaveLength(times)
  await page.keyboard.press('t')
  await page.getByRole('button', { name: 'UTC' }).waitFor()
  expect((await heard.innerText()).match(/T\d\d:\d\d:[\d.]+Z/g)).toHaveLength(1)
})

test('colours that the system chooses leave services, bars, what is switched on and what is selected to be seen', async () => {
  const { page } = await open(await storeOf(checkout()), '?trace=7', { forcedColors: 'active' })
  await page.waitForSelector('.waterfall .row')
  await page.locator('.waterfall .row').nth(1).click()
  const style = (selector: string, name: string): Promise<string> =>
    page
      .locator(selector)
      .first()
      .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name)
  const backgrounds = await page
    .locator('.row .bar')
    .evaluateAll((bars) => bars.map((bar) => getComputedStyle(bar).backgroundColor))
  expect(new Set(backgrounds).size).toBe(4)
  expect(await style('.row .dot', 'background-color')).toBe(backgrounds[0])
  const [on, off] = ['[aria-pressed=true]', '[aria-pressed=false]'].map((state) => `.head button${state}`)
  expect(await style(on ?? '', 'border-color')).not.toBe(await style(off ?? '', 'border-color'))
  expect(await style('.row.selected', 'border-width')).toBe('2px')
  expect(await style('.row:not(.selected)', 'border-width')).toBe('0px')
})
