import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { type ExportFormat, exportTraces } from '@trace/analysis/formats'
import type { Span } from '@trace/core'
import { spanToJsonLine } from '@trace/jsonrec'
import { spanToYaml } from '@trace/yamlrec'
import type { Page } from 'playwright-core'
import { savedPage } from '../../dist/index.js'
import { dropFile as drop, parameterOf, useBrowser } from '../support/page.js'
import { checkout, storeOf } from '../support/store.js'

const open = useBrowser()

async function openList(): Promise<Page> {
  const { page } = await open(await storeOf(checkout(99n)))
  await page.waitForSelector('.list tbody tr')
  return page
}

async function exported(format: ExportFormat, spans: readonly Span[]): Promise<string> {
  let text = ''
  for await (const part of exportTraces(
    format,
    (async function* () {
      yield spans
    })(),
  ))
    text += part
  return text
}

const yaml = (spans: readonly Span[]): string => spans.map(spanToYaml).join('')
const trace = checkout()

describe('a file that is dropped on the page', () => {
  test.each<[string, () => string | Uint8Array | Promise<string>]>([
    ['traces.yaml', () => yaml(trace)],
    ['windows.yaml', () => yaml(trace).replaceAll('\n', '\r\n')],
    ['traces.jsonl', () => trace.map(spanToJsonLine).join('')],
    ['traces.jsonl.gz', () => gzipSync(trace.map(spanToJsonLine).join(''))],
    ['saved.html', () => savedPage(trace)],
    ['otlp.json', () => exported('otlp', trace)],
    ['zipkin.json', () => exported('zipkin', trace)],
    ['jaeger.json', () => exported('jaeger', trace)],
  ])('opens without the server: %s', async (name, content) => {
    const page = await openList()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await drop(page, name, await content())
    await page.waitForSelector('.waterfall .row')
    const head = await page.locator('.head').innerText()
    for (const text of ['GET /checkout/:item', '17 spans', '1 failed', 'inventory']) expect(head).toContain(text)
    expect(await page.locator('.store').innerText()).toBe(name)
    expect(asked).toEqual([])
    await page.getByRole('button', { name: 'Close the file' }).click()
    await page.waitForSelector('.list tbody tr')
  })

  test('is listed where it holds several traces, of which one can be chosen', async () => {
    const page = await openList()
    await drop(page, 'two.yaml', yaml([...checkout(1n), ...checkout(2n)]))
    await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 2)
    await page.locator('tbody tr').first().click()
    await page.waitForSelector('.waterfall .row')
    expect(await page.locator('.head').innerText()).toContain('17 spans')
    await page.keyboard.press('u')
    await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 2)
  })

  test('is searched and sorted as a store is: with suggestions, and mistakes pointed at', async () => {
    const page = await openList()
    const traces = [1n, 2n, 3n].map((traceId) =>
      checkout(traceId).filter((span) => traceId !== 2n || span.kind !== 'db'),
    )
    await drop(page, 'three.yaml', yaml(traces.flat()))
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    const rows = page.locator('.list tbody tr')
    const count = (wanted: number): Promise<unknown> =>
      page.waitForFunction((traces) => document.querySelectorAll('.list tbody tr').length === traces, wanted)
    await count(3)
    await page.getByRole('button', { name: /^Spans/ }).click()
    await page.getByRole('button', { name: /^Spans/ }).click()
    expect(await rows.first().locator('.spans').innerText()).toMatch(/^5 /)
    const search = page.getByLabel('Search traces')
    await search.pressSequentially('@db')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('*where*')
    await page.keyboard.press('Enter')
    await count(2)
    expect(await parameterOf(page, 'q')).toBe('@db.query.text:*where*')
    await search.fill('duration:soon')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('alert').innerText()).toContain('^')
    await search.fill('unheard-of')
    await page.keyboard.press('Enter')
    await page.getByText('No trace matches.').waitFor()
    await page.getByRole('button', { name: 'Show all traces' }).click()
    await count(3)
    expect(asked).toEqual([])
    // A link leads to two of them side by side.
    await page.evaluate(() => history.replaceState(null, '', '?trace=1&compare=2'))
    await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')))
    await page.locator('.compare tr.gone').waitFor()
  })

  test('shows the list of the store again when it is closed', async () => {
    const page = await openList()
    await drop(page, 'two.yaml', yaml([...checkout(1n), ...checkout(2n)]))
    await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 2)
    await page.getByRole('button', { name: 'Close the file' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length === 1)
    expect(await page.locator('.store').innerText()).toBe('memory')
  })

  test('says what of it was skipped', async () => {
    const page = await openList()
    const torn = yaml(trace).slice(0, -20)
    await drop(page, 'torn.yaml', `${yaml(trace.slice(0, 2))}${torn.slice(torn.lastIndexOf('---'))}`)
    await page.getByText('1 record was skipped').waitFor()
    expect(await page.locator('.head').innerText()).toContain('2 spans')
  })

  test.each([
    ['notes.txt', 'buy milk', 'expected JSON of OTLP, Zipkin v2 or Jaeger'],
    ['empty.txt', '', 'there are no spans in it'],
    ['page.html', '<!doctype html><p>', 'no saved trace'],
    ['other.yaml', '---\n{span_id: 1}\n...\n', 'npx trace view'],
  ])('is refused with a reason where nothing can be read: %s', async (name, content, reason) => {
    const page = await openList()
    await drop(page, name, content)
    const message = await page.getByRole('alert').innerText()
    expect(message).toContain(`${name} cannot be shown`)
    expect(message).toContain(reason)
    expect(await page.locator('.list tbody tr').count()).toBe(1)
  })
})
