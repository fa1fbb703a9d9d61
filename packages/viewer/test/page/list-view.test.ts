import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createTracer, type MemoryRecorder, type TraceReader } from '@trace/core'
import { spanToYaml, yamlReader } from '@trace/yamlrec'
import type { Page } from 'playwright-core'
import { dragOver, parameterOf, useBrowser } from '../support/page.js'
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
  test('shows that a search takes a while, until it has ended', async () => {
    const store = await some()
    let go = (): void => {}
    const slow = new Promise<void>((resolve) => {
      go = resolve
    })
    const traces: TraceReader['traces'] = async (query, options) => {
      if (query?.where !== undefined) await slow
      return store.traces(query, options)
    }
    const { page } = await open({ ...store, traces })
    await count(page, 5)
    await page.getByLabel('Search traces').fill('users')
    await page.keyboard.press('Enter')
    await page.getByRole('progressbar', { name: 'Reading the store' }).waitFor()
    go()
    await count(page, 4)
    expect(await page.getByRole('progressbar').count()).toBe(0)
  })

  test('stops a search that takes long, and shows the list again', async () => {
    const store = await some()
    const stopped: unknown[] = []
    // What may be suggested is asked for with a limit of 1, and comes at once.
    const traces: TraceReader['traces'] = (query, options) =>
      query?.where === undefined || query.limit === 1
        ? store.traces(query, options)
        : new Promise((_resolve, reject) =>
            options?.signal?.addEventListener('abort', () => reject(stopped.push(query.where))),
          )
    const { page } = await open({ ...store, traces })
    await count(page, 5)
    await page.getByLabel('Search traces').fill('users')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('progressbar').waitFor({ state: 'detached' })
    expect([await parameterOf(page, 'q'), stopped.length]).toEqual([null, 1])
    await count(page, 5)
  })

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

  test('suggests fields, values and data keys that the store has', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    const options = page.getByRole('option')
    const suggested = async (text: string, wanted: string): Promise<void> => {
      await page.getByLabel('Search traces').fill('')
      await page.getByLabel('Search traces').pressSequentially(text)
      await options.filter({ hasText: wanted }).first().waitFor()
    }
    await suggested('serv', 'service:')
    await suggested('service:inv', 'inventory')
    await suggested('host:web', 'web-3')
    await suggested('name:sel', '"select price"')
    await suggested('@user', '@user.id:')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('42')
    await page.keyboard.press('Enter')
    await count(page, 1)
    expect(await parameterOf(page, 'q')).toBe('@user.id:42')
  })

  test('counts by service and name, and searches for those', async () => {
    const { page } = await open(await some())
    await page.getByRole('button', { name: 'gateway 1' }).click()
    await count(page, 1)
    expect(await page.getByLabel('Search traces').inputValue()).toBe('service:gateway')
  })

  test('selects a time range by dragging', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    await dragOver(page, '.scatter canvas', 0.6, 1)
    await count(page, 2)
    expect(await parameterOf(page, 'from')).toMatch(/^\d+$/)
    await page.locator('.controls select').selectOption('all')
    await count(page, 5)
  })

  test('goes from dot to dot of the scatter by keys, selects a time range, and opens a trace', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    const caption = page.locator('.scatter figcaption')
    await page.locator('.scatter [role=application]').focus()
    await page.keyboard.press('ArrowLeft')
    expect(await caption.innerText()).toContain('GET /users/4')
    await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Shift+ArrowLeft')
    expect(await caption.innerText()).toContain('GET /users/2')
    await page.keyboard.press('Enter')
    await count(page, 3)
    await page.locator('.scatter [role=application]').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.waterfall .row')
    expect(await page.locator('.head').innerText()).toContain('GET /users/2')
  })

  test('shows a time range that is chosen, also by keys', async () => {
    const now = BigInt(Date.now()) * 1_000_000n
    const late = aSpan({ traceId: 500n, name: 'just now', start: now - 60_000_000_000n, finish: now })
    const { page } = await open(await storeOf(checkout(), [late]))
    await count(page, 2)
    await page.locator('.controls select').focus()
    await page.keyboard.type('last 15m')
    await count(page, 1)
    expect(await names(page)).toEqual(['request just now'])
    expect(await parameterOf(page, 'range')).toBe('15m')
  })

  test('goes through the rows and shows more by keys', async () => {
    const many = Array.from({ length: 130 }, (_, n) => [
      aSpan({ traceId: 1_000n + BigInt(n), from: n, name: `n ${n}` }),
    ])
    const { page } = await open(await storeOf(...many))
    await count(page, 100)
    const focused = (): Promise<string | undefined> =>
      page.evaluate(() => document.activeElement?.textContent?.replaceAll(/\s+/g, ' '))
    await page.keyboard.press('j')
    expect(await focused()).toBe('request n 129')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('k')
    await page.keyboard.press('j')
    expect(await focused()).toBe('request n 128')
    await page.keyboard.press('End')
    expect(await focused()).toBe('request n 30')
    await page.keyboard.press('m')
    await count(page, 130)
    expect(await parameterOf(page, 'limit')).toBe('200')
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.waterfall .row')
  })

  test('sorts by every column, by keys too, and a link shows the same', async () => {
    const { page, url } = await open(await some())
    await count(page, 5)
    for (const heading of ['Time', 'Duration', 'Service', 'Name', 'Spans', 'Failed', 'Open']) {
      const column = page.getByRole('columnheader', { name: heading })
      await column.getByRole('button').focus()
      await page.keyboard.press('Enter')
      const first = await column.getAttribute('aria-sort')
      await page.keyboard.press('Enter')
      expect([first, await column.getAttribute('aria-sort')].sort()).toEqual(['ascending', 'descending'])
    }
    await page.goto(`${url}?sort=duration&q=${encodeURIComponent('name:"GET /users/*"')}`)
    await page.getByText('No trace matches.').waitFor()
    await page.goto(`${url}?sort=duration&q=${encodeURIComponent('name:GET*')}&live=off`)
    await count(page, 5)
    expect((await names(page))[0]).toBe('request GET /users/1')
    await page.getByRole('button', { name: 'Resume' }).waitFor()
  })

  test('leads to what is older where it lists no more at once', async () => {
    const many = Array.from({ length: 2_010 }, (_, n) => aSpan({ traceId: 1_000n + BigInt(n), from: n * 10 }))
    const { page } = await open(await storeOf(many), '?limit=9999')
    await page.getByText('2000 traces are listed').waitFor()
    await page.getByRole('button', { name: 'Show older ones' }).click()
    await count(page, 10)
  })

  test.each([360, 2560])('can be used at %i px', async (width) => {
    const { page } = await open(await some(), '', { viewport: { width, height: 800 } })
    await count(page, 5)
    await page.getByRole('button', { name: /^Duration/ }).click()
    await page.getByRole('button', { name: /^Duration/ }).click()
    expect((await names(page))[0]).toContain('GET /users/1')
    await page.getByRole('button', { name: 'users 4' }).click()
    await count(page, 4)
    await dragOver(page, '.scatter canvas', 0.6, 1)
    await count(page, 2)
    expect(await page.locator('.controls select').inputValue()).toBe('chosen')
    await page.getByRole('button', { name: 'Reload' }).waitFor()
    await page.locator('.list tbody tr').first().click()
    await page.waitForSelector('.waterfall .row')
  })

  test('says how many spans a trace has lost', async () => {
    const { page } = await open(await some())
    await count(page, 5)
    expect(await page.locator('.list tbody tr', { hasText: 'GET /checkout' }).locator('.spans').innerText()).toBe(
      '17 1 lost',
    )
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

  test('tells of arrivals only where they match the search, and pauses by keys', async () => {
    const store = await some()
    const tracer = createTracer({ service: 'late', recorder: store })
    const record = async (name: string): Promise<void> => {
      tracer.trace('task', name, () => {})
      await tracer.flush()
    }
    let lists = 0
    const traces: TraceReader['traces'] = (...query) => {
      lists++
      return store.traces(...query)
    }
    const reader: TraceReader = { ...store, traces }
    const { page } = await open(reader, '?q=name:wanted*')
    await page.getByText('No trace matches.').waitFor()
    await page.getByRole('button', { name: /Live/ }).waitFor()
    const before = lists
    await record('other')
    await record('wanted one')
    await page.getByText('wanted one').first().waitFor()
    expect(await names(page)).toEqual(['task wanted one'])
    await page.keyboard.press('p')
    await record('wanted two')
    await page.getByRole('button', { name: /Resume \(1 new\)/ }).waitFor()
    // What arrives is told of, and the store not read for it again.
    expect(lists).toBe(before)
    await page.keyboard.press('p')
    await page.getByText('wanted two').first().waitFor()
  })

  test('says what to do where the store is empty', async () => {
    const { page } = await open(await storeOf())
    await page.getByText('There are no traces in memory yet.').waitFor()
    expect(await page.getByText('Send a traced service a request.').count()).toBe(1)
  })

  test('says what to do where the store cannot be read, and shows it when it is tried again, and can be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-page-'))
    const path = join(folder, 'traces.yaml')
    try {
      const { page } = await open(yamlReader({ path }))
      await page.getByRole('heading', { name: 'The store cannot be read.' }).waitFor()
      expect(await page.getByRole('alert').innerText()).toContain(path)
      expect(await page.getByText('Put that right, and try again.').count()).toBe(1)
      writeFileSync(path, checkout().map(spanToYaml).join(''))
      await page.getByRole('button', { name: 'Try again' }).click()
      await count(page, 1)
    } finally {
      rmSync(folder, { recursive: true })
    }
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
})

test('says that the server does not answer, and what to do, until it answers again', async () => {
  const { page, leave } = await open(await some())
  await page.getByRole('button', { name: /Live/ }).waitFor()
  const said = page.getByText('The server does not answer.')
  expect(await said.count()).toBe(0)
  const comeBack = leave()
  await said.waitFor()
  expect(await page.getByRole('status').innerText()).toMatch(/Start it again, and reload the page/)
  await page.getByRole('button', { name: 'Reload' }).click()
  await said.waitFor()
  expect(await said.count()).toBe(1)
  comeBack()
  await page.getByRole('button', { name: /Live/ }).waitFor()
  await said.waitFor({ state: 'detached' })
})
