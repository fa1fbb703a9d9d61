import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { copiedBy, dragOver, parameterOf, useBrowser } from '../support/page.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const open = useBrowser()

async function openTrace(): Promise<Page> {
  const { page } = await open(await storeOf(checkout()), '?trace=7')
  await page.waitForSelector('.waterfall .row')
  return page
}

const rows = async (page: Page): Promise<string[]> =>
  (await page.locator('.waterfall .row .what').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '))
const selected = async (page: Page): Promise<string> =>
  (await page.locator('.row.selected .what').innerText()).replaceAll(/\s+/g, ' ')

describe('a trace', () => {
  test('says what it is, and what of it is missing', async () => {
    const page = await openTrace()
    const head = await page.locator('.head').innerText()
    const parts = ['GET /checkout/:item', '100 ms so far', '17 spans', '1 open', '1 failed', 'orders', 'inventory']
    for (const text of [...parts, 'is not stored', 'send receipt is open']) expect(head).toContain(text)
    expect(head).toMatch(/2026-\d\d-\d\dT[\d:.]+Z/)
  })

  test('shows its spans as a tree, like siblings folded', async () => {
    const page = await openTrace()
    expect(await rows(page)).toEqual([
      'gateway request GET /checkout/:item',
      'orders request POST /orders',
      'orders db select price × 12',
      '✗ inventory request GET /stock/:item',
      'gateway work send receipt',
      'mailer request POST /mail its parent is not stored here',
    ])
    await page.locator('.row', { hasText: '× 12' }).locator('button').click()
    expect(await rows(page)).toHaveLength(18)
    await page.getByRole('button', { name: 'Fold like siblings' }).click()
    expect(await rows(page)).toHaveLength(17)
  })

  test('tells screen readers that it is a tree', async () => {
    const page = await openTrace()
    expect(await page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('6')
    const second = page.getByRole('row', { name: /POST \/orders/ })
    expect([await second.getAttribute('aria-level'), await second.getAttribute('aria-expanded')]).toEqual(['2', 'true'])
  })

  test('goes through rows by keys, opens and closes them, and keeps it in the URL', async () => {
    const page = await openTrace()
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key)
    }
    await press('j', 'j')
    await page.locator('.row.selected', { hasText: 'POST /orders' }).waitFor()
    await press('ArrowLeft')
    expect(await rows(page)).toHaveLength(4)
    expect((await rows(page))[1]).toContain('✗ 1 below')
    await page.reload()
    await page.waitForSelector('.waterfall .row')
    expect(await rows(page)).toHaveLength(4)
    expect(await selected(page)).toContain('orders request POST /orders')
    await press('ArrowRight')
    expect(await rows(page)).toHaveLength(6)
    await press('End')
    expect(await selected(page)).toContain('POST /mail')
    await press('k', 'ArrowLeft')
    expect(await selected(page)).toContain('GET /checkout/:item')
    await press('-')
    expect(await rows(page)).toHaveLength(4)
    await press('*')
    expect(await rows(page)).toHaveLength(6)
  })

  test('goes from error to error, and stops at the ends', async () => {
    const page = await openTrace()
    await page.keyboard.press('e')
    expect(await selected(page)).toContain('GET /stock/:item')
    expect(await page.getByRole('button', { name: 'Next error' }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: 'Previous error' }).isDisabled()).toBe(true)
    await page.keyboard.press('e')
    expect(await selected(page)).toContain('GET /stock/:item')
  })

  test('goes through several errors by buttons and by keys, both ways', async () => {
    const root = aSpan({ name: 'root' })
    const failed = [1, 2, 3].map((n) =>
      aSpan({ parentId: root.spanId, name: `failed ${n}`, from: n, ms: 1, data: { 'error.type': 'Error' } }),
    )
    const { page } = await open(await storeOf([root, ...failed]), '?trace=7')
    await page.waitForSelector('.waterfall .row')
    const [next, previous] = ['Next error', 'Previous error'].map((name) => page.getByRole('button', { name }))
    const seen: string[] = []
    for (const go of [
      () => next?.click(),
      () => next?.click(),
      () => page.keyboard.press('e'),
      () => page.keyboard.press('E'),
      () => previous?.click(),
    ]) {
      await go()
      seen.push((await selected(page)).slice(-1))
    }
    expect(seen).toEqual(['1', '2', '3', '2', '1'])
    expect([await previous?.isDisabled(), await next?.isDisabled()]).toEqual([true, false])
  })

  test('searches as a lens, with a count, and shows all again', async () => {
    const page = await openTrace()
    const count = (): Promise<string> => page.locator('.controls .count').innerText()
    await page.keyboard.press('/')
    await page.keyboard.type('kind:db where')
    await page.waitForFunction(() => document.querySelectorAll('.row.match').length === 12)
    expect(await rows(page)).toHaveLength(14)
    expect(await count()).toBe('0/12')
    await page.keyboard.press('Escape')
    await page.keyboard.press('n')
    await page.keyboard.press('n')
    expect(await count()).toBe('2/12')
    await page.keyboard.press('N')
    expect(await count()).toBe('1/12')
    await page.getByLabel('Search this trace').fill('duration:soon')
    expect(await page.getByRole('alert').innerText()).toContain('^^^^')
    await page.getByLabel('Search this trace').fill('')
    expect(await rows(page)).toHaveLength(6)
  })

  test('suggests fields and the values that the trace has', async () => {
    const page = await openTrace()
    await page.keyboard.press('/')
    await page.keyboard.type('serv')
    expect(await page.getByRole('option').first().innerText()).toContain('service:')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.keyboard.type('inv')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('.row.match').length === 1)
    expect(await page.getByLabel('Search this trace').inputValue()).toBe('service:inventory ')
  })

  test('shows the details of a span beside rows that stay', async () => {
    const page = await openTrace()
    const row = page.locator('.row', { hasText: 'GET /stock' })
    const before = await row.boundingBox()
    await row.click()
    const details = page.getByRole('complementary')
    const text = await details.innerText()
    const parts = ['RangeError: no shelf for unicorn', 'at shelfOf (/srv/stock.js:41:11)', 'SQLITE_BUSY', '30.0 ms']
    for (const part of parts) expect(text).toContain(part)
    expect((await row.boundingBox())?.y).toBe(before?.y)
    await details.getByRole('button', { name: 'request POST /orders' }).click()
    expect(await selected(page)).toContain('POST /orders')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('complementary').count()).toBe(0)
  })

  test('hides kinds, services and short spans, but never a failed one', async () => {
    const page = await openTrace()
    await page.getByText('Hide', { exact: true }).click()
    await page.getByLabel(/^db/).uncheck()
    expect((await rows(page)).join()).not.toContain('select price')
    await page.getByLabel(/^inventory/).uncheck()
    expect((await rows(page)).join()).toContain('GET /stock/:item')
    await page.getByLabel('Minimum duration in ms').fill('50')
    expect((await rows(page)).join()).not.toContain('POST /mail')
  })

  test('zooms by dragging over the small picture, to a span, and to a subtree', async () => {
    const page = await openTrace()
    const zoom = (): Promise<string | null> => parameterOf(page, 'zoom')
    await dragOver(page, '.minimap canvas', 0.25, 0.5)
    expect(await zoom()).toMatch(/^2\d{7}-5\d{7}$|^2\d{7}-4\d{7}$/)
    await page.locator('.minimap').dblclick()
    expect(await zoom()).toBeNull()
    for (const key of ['j', 'j', 'z']) await page.keyboard.press(key)
    expect(await zoom()).toBe('0-93000000')
    await page.keyboard.press('r')
    const below = ['orders request POST /orders', 'orders db select price × 12', '✗ inventory request GET /stock/:item']
    expect(await rows(page)).toEqual(below)
    await page.getByRole('button', { name: 'Show the whole trace' }).click()
    expect(await rows(page)).toHaveLength(6)
  })

  test('counts by service and name', async () => {
    const page = await openTrace()
    await page.getByRole('button', { name: 'By name' }).click()
    const line = page.locator('.names tbody tr', { hasText: 'select price' })
    expect(await line.innerText()).toMatch(/orders\s+db select price\s+12/)
    await line.getByRole('button').click()
    await page.waitForFunction(() => document.querySelectorAll('.row.match').length === 12)
  })

  test('copies as text, JSON and Markdown', async () => {
    const permissions = { permissions: ['clipboard-read', 'clipboard-write'] }
    const { page } = await open(await storeOf(checkout()), '?trace=7', permissions)
    await page.getByText('Copy', { exact: true }).click()
    const copied = (name: string): Promise<string> => copiedBy(page, page.getByRole('button', { name, exact: true }))
    expect(await copied('As text')).toMatch(/^trace 7 · 17 spans/)
    const lines = (await copied('As JSON')).split('\n').map((line) => JSON.parse(line))
    expect(lines).toHaveLength(17)
    expect(lines[0]).toMatchObject({ trace_id: '7', name: 'GET /checkout/:item', data: { 'user.id': 42 } })
    expect(await copied('As Markdown')).toMatch(/^```text\n[\s\S]*```\n$/)
  })

  test('marks events, the critical path and open spans', async () => {
    const page = await openTrace()
    expect(await page.locator('.row', { hasText: 'GET /stock' }).locator('.mark').count()).toBe(1)
    expect(await page.locator('.bar.critical').count()).toBeGreaterThan(2)
    await page.keyboard.press('c')
    expect(await page.locator('.bar.critical').count()).toBe(0)
    expect(await page.locator('.bar.open').count()).toBe(1)
  })

  test('shows short spans in long traces two pixels wide at least', async () => {
    const root = aSpan({ ms: 1e7 })
    const short = aSpan({ parentId: root.spanId, from: 5e6, ms: 0.001 })
    const last = aSpan({ parentId: root.spanId, from: 1e7, ms: 0, name: 'last' })
    const { page } = await open(await storeOf([root, short, last]), '?trace=7')
    await page.waitForSelector('.bar')
    const widths = await page
      .locator('.bar')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width))
    expect(Math.min(...widths)).toBeGreaterThanOrEqual(2)
  })

  test('says what to do where a trace is not there', async () => {
    const { page } = await open(await storeOf(checkout()), '?trace=8')
    await page.getByText('memory has no trace 8').waitFor()
    await page.getByRole('link', { name: 'Recent traces' }).click()
    await page.waitForSelector('.list tbody tr')
  })
})

describe('hostile spans', () => {
  const nasty = '<img src=x onerror="document.title=1">\u001b[31m\u202e" onmouseover="x'

  test('are text, wherever they stand', async () => {
    const data = { [nasty]: nasty, 'error.type': nasty, 'error.message': nasty, 'error.stack': nasty, events: nasty }
    const root = aSpan({ name: nasty, kind: nasty, process: nasty, data })
    const long = aSpan({ parentId: root.spanId, name: 'x'.repeat(100_000) })
    const { page, url } = await open(await storeOf([root, long]), '?trace=7')
    await page.waitForSelector('.row')
    await page.locator('.row').first().click()
    await page.getByRole('button', { name: 'By name' }).click()
    expect([await page.title(), await page.locator('img').count()]).toEqual(['Traces', 0])
    await page.goto(url)
    await page.waitForSelector('.list tbody tr')
    expect([await page.title(), await page.locator('img').count()]).toEqual(['Traces', 0])
  })

  test('are shown that form a circle, have no root, or took less than no time', async () => {
    const [a, b] = [aSpan({ spanId: 1n, parentId: 2n }), aSpan({ spanId: 2n, parentId: 1n })]
    const backwards = aSpan({ spanId: 3n, parentId: 9n, ms: -5 })
    const { page } = await open(await storeOf([a, b, b, backwards]), '?trace=7')
    await page.waitForSelector('.row')
    expect(await rows(page)).toHaveLength(3)
    expect((await rows(page)).join()).toContain('its parents form a circle')
  })
})
