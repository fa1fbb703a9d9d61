import { describe, expect, test } from '@jest/globals'
import { createTracer, type MemoryRecorder, type TraceReader } from '@trace/core'
import type { Page } from 'playwright-core'
import { parameterOf, useBrowser } from '../support/page.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const open = useBrowser()

const some = (): Promise<MemoryRecorder> => {
  const users = [1, 2, 3, 4].map((n) => {
    const times = { from: n * 1_000, ms: 10 ** n }
    return [aSpan({ traceId: 100n + BigInt(n), name: `GET /users/${n}`, process: `users:${n}@h`, ...times })]
  })
  return storeOf(checkout(), ...users)
}

const names = async (page: Page): Promise<string[]> =>
  (await page.locator('.list tbody td.name').allInnerTexts()).map((text) => text.trim().replaceAll(/\s+/g, ' '))

const count = (page: Page, wanted: number): Promise<unknown> =>
  page.waitForFunction((traces) => document.querySelectorAll('.list tbody tr').length === traces, wanted)

describe('the list', () => {
  test('shows recent traces, the newest first, and sorts them', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    const users = [4, 3, 2, 1].map((n) => `request GET /users/${n}`)
    expect(await names(page)).toEqual([...users, 'request GET /checkout/:item'])
    await page.getByRole('button', { name: /^Duration/ }).click()
    expect((await names(page))[1]).toBe('request GET /users/3')
    await page.getByRole('button', { name: /^Failed/ }).click()
    expect((await names(page))[0]).toBe('request GET /checkout/:item')
    expect(await parameterOf(page, 'sort')).toBe('-failed')
  })

  test('searches, points at mistakes, and says that nothing was found', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    await page.keyboard.press('/')
    await page.keyboard.type('service:inventory status:error')
    await page.keyboard.press('Enter')
    await count(page, 1)
    const search = async (text: string): Promise<void> => {
      await page.getByLabel('Search traces').fill(text)
      await page.keyboard.press('Enter')
    }
    await search('duration:soon')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toContain('expected')
    await search('unheard-of')
    await page.getByText('No trace matches.').waitFor()
    await page.getByRole('button', { name: 'Show all traces' }).click()
    await count(page, 5)
  })

  test('counts by service and name, and searches for those', async () => {
    const { page } = await open(await some())
    await page.getByRole('button', { name: 'gateway 1' }).click()
    await count(page, 1)
    expect(await page.getByLabel('Search traces').inputValue()).toBe('service:"gateway"')
  })

  test('selects a time range by dragging', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    const box = await page.locator('.scatter canvas').boundingBox()
    if (box === null) throw new Error('no scatter')
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 1, box.y + 60)
    await page.mouse.up()
    await count(page, 2)
    await page.locator('.controls select').selectOption('all')
    await count(page, 5)
  })

  test('opens a trace by the keyboard alone, and comes back', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    await page.locator('.list td.name a').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('.waterfall .row')
    await page.goBack()
    await count(page, 5)
  })

  test('shows more at its end', async () => {
    const many = Array.from({ length: 130 }, (_, n) => [aSpan({ traceId: 1_000n + BigInt(n) })])
    const { page } = await open(await storeOf(...many))
    await count(page, 100)
    await page.getByRole('button', { name: 'More' }).click()
    await count(page, 130)
    expect(await page.getByRole('button', { name: 'More' }).count()).toBe(0)
  })

  test('shows what arrives, and holds it back while it is paused', async () => {
    const store = await some()
    const tracer = createTracer({ service: 'late', recorder: store })
    const record = async (name: string): Promise<void> => {
      tracer.trace('task', name, () => {})
      await tracer.flush()
    }
    const { page } = await open(store)
    await page.getByRole('button', { name: /Live/ }).waitFor()
    await record('first arrival')
    await page.getByText('first arrival').first().waitFor()
    await page.getByRole('button', { name: /Live/ }).click()
    await record('second arrival')
    await page.getByRole('button', { name: /Resume \(1 new\)/ }).click()
    await page.getByText('second arrival').first().waitFor()
  })

  test('says what to do where the store is empty, or cannot be read', async () => {
    const { page } = await open(await storeOf())
    await page.getByText('There are no traces in memory yet.').waitFor()
    const no = (): Promise<never> => Promise.reject(new Error('yaml(traces.yaml): EACCES: this user may not read it'))
    const { page: other } = await open({ name: 'yaml(traces.yaml)', trace: no, traces: no })
    await other.getByText('this user may not read it').waitFor()
  })

  test('says where the store was read only in part', async () => {
    const store = await some()
    const partly: TraceReader = {
      name: 'partly',
      trace: store.trace,
      traces: async (query) => {
        const places = [{ at: 'line 7', reason: 'it is torn' }]
        return { ...(await store.traces(query)), incomplete: 'the table was read only in part', skipped: 2, places }
      },
    }
    const { page } = await open(partly)
    await page.getByText('Traces may be missing: the table was read only in part').waitFor()
    await page.getByText('2 records are').click()
    expect(await page.getByText('line 7: it is torn').isVisible()).toBe(true)
  })

  test('leads to two traces side by side, by path', async () => {
    const second = checkout(8n).filter(({ name }) => name !== 'send receipt')
    const { page } = await open(await storeOf(checkout(7n), second), '?trace=7')
    await page.getByLabel('Compare with').fill('8')
    await page.keyboard.press('Enter')
    const gone = page.locator('.compare tr.gone')
    await gone.waitFor()
    expect(await gone.innerText()).toContain('send receipt')
  })
})
