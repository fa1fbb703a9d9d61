import { describe, expect, test } from '@jest/globals'
import type { TraceReader } from '@trace/core'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { copiedBy, parameterOf, useBrowser } from '../../support/page.js'
import { aSpan, checkout, lacking, storeOf } from '../../support/store.js'

const open = useBrowser()
const { root, order, spans, ledgers } = lacking()
const other = checkout(8n)

async function openOrder(query = '', options: BrowserContextOptions = {}): Promise<Page> {
  const { page } = await open(await storeOf(spans, ledgers, other), `?trace=7&span=${order.spanId}${query}`, options)
  await page.waitForSelector('.details')
  return page
}

const part = (page: Page, name: string): Promise<string> => page.getByRole('region', { name, exact: true }).innerText()
const selected = async (page: Page): Promise<string> =>
  (await page.locator('.row.selected .what').innerText()).replaceAll(/\s+/g, ' ')

describe('the details of a span', () => {
  test.each(['', '&clocks=corrected'])('have its events with their offsets, names and data (%s)', async (query) => {
    const page = await openOrder(query)
    const text = await part(page, 'Events')
    for (const each of ['+5.00 ms', 'retry', 'attempt', '2', 'and 4 more']) expect(text).toContain(each)
    expect(await page.locator('.mark').count()).toBe(1)
    expect(await page.locator('.details > table.facts, .details > .faint').allInnerTexts()).not.toContain('events')
  })

  test('lead to what it links to: in this trace, in the store, and in another system', async () => {
    const page = await openOrder()
    const text = await part(page, 'Links')
    for (const each of ['why', 'batch', '0af7651916cd43dd8448eb211c80319c', 'and 3 more']) expect(text).toContain(each)
    await page.getByRole('button', { name: /GET \/checkout.*in this trace/ }).click()
    expect(await selected(page)).toContain('GET /checkout')
    await page.getByRole('button', { name: 'Close the details' }).click()
    await page.locator('.row', { hasText: 'POST /orders' }).click()
    await page.getByRole('link', { name: 'trace 8, span 80' }).click()
    await page.locator('.facts', { hasText: '17 spans' }).waitFor()
    expect([await parameterOf(page, 'trace'), await parameterOf(page, 'span')]).toEqual(['8', '80'])
  })

  test('tell the error with its stack, its causes and its parts, and lay out JSON with all of its digits', async () => {
    const page = await openOrder()
    const error = await part(page, 'Error')
    const parts = [
      'AggregateError: nobody answers',
      'at order (/srv/orders.js:7:9)',
      'Caused by\nError: no route',
      'at connect (/srv/net.js:1:2)',
      'One of its errors\nTypeError: first part',
      'deep cause',
    ]
    for (const each of parts) expect(error.replaceAll(/\n+/g, '\n')).toContain(each)
    const json =
      '{\n  "id": 12345678901234567890,\n  "list": [\n    1,\n    {\n      "a": "b"\n    }\n  ],\n  "none": {}\n}'
    expect(await page.locator('.details pre', { hasText: '1234567890' }).innerText()).toBe(json)
  })

  test('show long values whole, with their line breaks', async () => {
    const long = `${'x'.repeat(2_000)}\nsecond line\n  third`
    const { page } = await open(await storeOf([aSpan({ spanId: 70n, data: { long } })]), '?trace=7&span=70')
    const value = page.locator('.details pre')
    expect(await value.evaluate((pre) => [pre.textContent, pre.scrollWidth - pre.clientWidth])).toEqual([long, 0])
    expect(await value.innerText()).toMatch(/x\nsecond line\n {2}third$/)
  })

  test('are put below the rows and beside them, move no row, and stay where they were put', async () => {
    const page = await openOrder()
    const y = async (): Promise<number> => (await page.locator('.row').first().boundingBox())?.y ?? Number.NaN
    const side = async (): Promise<string> => {
      const [rows, details] = [
        await page.locator('.waterfall').boundingBox(),
        await page.locator('.details').boundingBox(),
      ]
      return (details?.y ?? 0) > (rows?.y ?? 0) + 50 ? 'below' : 'beside'
    }
    const before = await y()
    expect(await side()).toBe('beside')
    await page.keyboard.press('p')
    await page.locator('.panes.below').waitFor()
    expect([await side(), await y(), await parameterOf(page, 'panel')]).toEqual(['below', before, 'below'])
    await page.evaluate(() => history.replaceState(null, '', '?trace=8'))
    await page.reload()
    await page.locator('.row').first().click()
    expect(await side()).toBe('below')
    await page.getByRole('button', { name: 'Put beside' }).click()
    expect(await side()).toBe('beside')
  })

  test('below the rows cover not the one that is selected', async () => {
    const many = [root, ...Array.from({ length: 60 }, (_, n) => aSpan({ parentId: root.spanId, name: `step ${n}` }))]
    const { page } = await open(await storeOf(many), '?trace=7&panel=below')
    await page.waitForSelector('.row')
    const box = await page.locator('.waterfall').boundingBox()
    await page.mouse.click((box?.x ?? 0) + 100, (box?.y ?? 0) + (box?.height ?? 0) - 40)
    await page.waitForSelector('.details')
    await page.waitForFunction(() => {
      const [row, rows] = ['.row.selected', '.waterfall'].map((each) =>
        document.querySelector(each)?.getBoundingClientRect(),
      )
      return row !== undefined && rows !== undefined && row.bottom <= rows.bottom + 1
    })
  })

  test('copy ids as log lines have them, the span, and its subtree', async () => {
    const page = await openOrder('', { permissions: ['clipboard-read', 'clipboard-write'] })
    const copied = (button: Locator): Promise<string> => copiedBy(page, button)
    const row = page.locator('tr', { hasText: 'In log lines' }).getByRole('button')
    expect(await copied(row)).toBe(`"trace_id":"7","span_id":"${order.spanId}"`)
    await page.getByRole('button', { name: 'request GET /checkout/:item', exact: true }).click()
    await page.getByText('Copy span, subtree').click()
    const named = (name: string): Promise<string> => copied(page.getByRole('button', { name, exact: true }))
    const lines = (await named('Subtree as JSON')).split('\n').map((line) => JSON.parse(line).name)
    expect(lines).toEqual(['GET /checkout/:item', 'POST /orders'])
    expect(await named('Subtree as text')).toMatch(/GET \/checkout[\s\S]*POST \/orders/)
    expect(await named('Subtree as Markdown')).toMatch(/^```text\n[\s\S]*POST \/orders[\s\S]*```\n$/)
    expect(JSON.parse(await named('Span as JSON')).name).toBe('GET /checkout/:item')
    expect(await named('Span as Markdown')).not.toContain('POST /orders')
  })

  test('are in the URL, come and go by keys, and stay where the row of the span is not shown', async () => {
    const page = await openOrder()
    await page.keyboard.press('d')
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('details')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.details', { state: 'detached' })
    expect(await parameterOf(page, 'details')).toBe('off')
    await page.keyboard.press('k')
    await page.reload()
    await page.locator('.row.selected', { hasText: 'GET /checkout' }).waitFor()
    expect(await page.locator('.details').count()).toBe(0)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.details')
    await page.keyboard.press('j')
    await page.locator('.details h2', { hasText: 'POST /orders' }).waitFor()
    await page.locator('.row').first().getByRole('button').click()
    await page.getByText('Its row is not shown now').waitFor()
    expect(await page.locator('.details h2').innerText()).toContain('POST /orders')
  })
})

describe('the same name in other traces', () => {
  const users = (count: number): ReturnType<typeof storeOf> =>
    storeOf(
      ...Array.from({ length: count }, (_, n) => [
        aSpan({
          traceId: 100n + BigInt(n),
          spanId: 1_000n + BigInt(n),
          name: 'GET /users',
          from: n * 1_000,
          ms: n + 1,
          data: n === 3 ? { 'error.type': 'Error', 'error.message': 'no' } : {},
        }),
      ]),
    )

  test('is a histogram over time of how long they took, which leads to the slowest', async () => {
    const { page } = await open(await users(11), '?trace=100&span=1000')
    await page.waitForSelector('.details')
    await page.getByRole('button', { name: 'The same name in other traces' }).focus()
    await page.keyboard.press('Enter')
    const summary = page.getByText('10 in 10 other traces, 1 failed')
    await summary.waitFor()
    expect(await summary.innerText()).toMatch(
      /Half took up to 6\.\d\d ms, 99% up to 1[01]\.\d ms\. This one, 1\.00 ms, took longer than 0%/,
    )
    expect(await parameterOf(page, 'same')).toBe('on')
    const stretches = page.locator('.chart a')
    expect(await stretches.count()).toBe(10)
    expect(await page.locator('.chart a.failed').getAttribute('title')).toContain('1 failed')
    await stretches.last().focus()
    await page.keyboard.press('Enter')
    await page.locator('.details', { hasText: '11.0 ms' }).waitFor()
    expect([await parameterOf(page, 'trace'), await parameterOf(page, 'span')]).toEqual(['110', '1010'])
    await page.getByText('took longer than 100%').waitFor()
    await page.getByRole('link', { name: 'Show these traces in the list' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 11)
  })

  test.each<[string, (store: TraceReader) => TraceReader | Promise<TraceReader>]>([
    [
      'Not all are counted: the table was read only in part',
      (store) => ({
        ...store,
        traces: async (query) => ({ ...(await store.traces(query)), incomplete: 'the table was read only in part' }),
      }),
    ],
    ['There is none in the other traces.', () => users(1)],
    ['the table is gone', (store) => ({ ...store, traces: () => Promise.reject(new Error('the table is gone')) })],
  ])('says where not all are counted, where there is none, and why there is no answer: %s', async (text, reader) => {
    const { name, trace, traces } = await users(2)
    const { page } = await open(await reader({ name, trace, traces }), '?trace=100&span=1000&same=on')
    await page.getByText(text).waitFor()
  })
})
