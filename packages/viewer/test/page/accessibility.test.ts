import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import type { MemoryRecorder, TraceReader } from '@trace/core'
import { spanToYaml } from '@trace/yamlrec'
import type { Page } from 'playwright-core'
import { dropFile, useBrowser } from '../support/page.js'
import { aSpan, checkout, lacking, storeOf } from '../support/store.js'

const open = useBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/**
 * Of the page in light, and in dark, where nothing but the colours differs.
 *
 * By evaluation: the page's policy refuses a script element.
 */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found: Violation[] = []
  for (const [colorScheme, rules] of [
    ['light', {}],
    ['dark', { runOnly: ['color-contrast'] }],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await page.evaluate<{ violations: Violation[] }>(
      `axe.run(${JSON.stringify({ ...rules, resultTypes: ['violations'] })})`,
    )
    found.push(...violations)
  }
  return found.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`,
  )
}

/** What there is to be seen; a span of trace 9 has all that details can have, and the same name in another trace. */
async function stored(): Promise<MemoryRecorder> {
  const { spans, ledgers, order } = lacking(9n)
  const like = aSpan({ ...order, traceId: 10n })
  return storeOf(
    checkout(),
    checkout(8n),
    spans.map((span) => (span === order ? { ...span, spanId: 90n } : span)),
    ledgers,
    [like],
  )
}

const no = (): Promise<never> => Promise.reject(new Error('EACCES: this user may not read it'))

describe('axe finds nothing wrong with', () => {
  test.each([
    ['the list', '', '.list tbody tr'],
    ['a list of which a time was chosen', '?from=1&to=1790000001000&live=off', '.list tbody tr'],
    ['a mistake in a search', '?q=duration:soon', '[role=alert]'],
    ['nothing that was found', '?q=unheard-of', '.empty h2'],
    ['a trace', '?trace=7', '.waterfall .row'],
    ['a trace that lacks spans', '?trace=9&span=90&same=on&clocks=corrected&panel=below', '.chart'],
    ['the names of a trace', '?trace=7&view=table', '.names tr'],
    ['two traces', '?trace=7&compare=9', '.compare tr'],
    ['what is new in a trace', '?trace=7&compare=9&only=new', '.compare tr.new'],
    ['a trace that is not there', '?trace=404', 'main h2'],
  ])('%s', async (_name, path, ready) => {
    const { page } = await open(await stored(), path)
    await page.waitForSelector(ready)
    if (path === '?trace=7') await page.locator('.row').nth(3).click()
    expect(await violations(page)).toEqual([])
  })

  test.each<[string, () => Promise<TraceReader>]>([
    ['an empty store', () => storeOf()],
    ['a store that cannot be read', async () => ({ name: 'yaml(traces.yaml)', trace: no, traces: no })],
  ])('%s', async (_name, reader) => {
    const { page } = await open(await reader())
    await page.waitForSelector('.empty h2')
    expect(await violations(page)).toEqual([])
  })

  test('the suggestions of a search, and a dot that the keys have chosen', async () => {
    const { page } = await open(await stored())
    await page.locator('.scatter [role=application]').focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('/')
    await page.keyboard.type('service:')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('[role=option][aria-selected=true]')
    expect(await violations(page)).toEqual([])
  })

  test('a file that was dropped, its traces, and one that is refused', async () => {
    const { page } = await open(await storeOf())
    await page.waitForSelector('.empty h2')
    await dropFile(page, 'notes.txt', 'buy milk')
    await page.getByRole('alert').waitFor()
    expect(await violations(page)).toEqual([])
    await dropFile(page, 'two.yaml', [...checkout(1n), ...checkout(2n)].map(spanToYaml).join(''))
    await page.waitForSelector('.list tbody tr')
    expect(await violations(page)).toEqual([])
    await page.locator('.list tbody tr').first().click()
    await page.waitForSelector('.waterfall .row')
    expect(await violations(page)).toEqual([])
  })

  test('the help', async () => {
    const { page } = await open(await storeOf(checkout()))
    await page.waitForSelector('.list tbody tr')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })
})

test.each(['', '?q=unheard-of', '?trace=7', '?trace=7&view=table', '?trace=7&compare=8'])(
  'nothing is wider than the page, from 360 to 2560 px: %s',
  async (path) => {
    const { page } = await open(await storeOf(checkout(), checkout(8n)), path)
    await page.waitForSelector('.list tbody tr, .empty h2, .waterfall .row, .names tr')
    for (const width of [360, 768, 2560]) {
      await page.setViewportSize({ width, height: 800 })
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect([width, beyond]).toEqual([width, 0])
    }
  },
)

test('menus open within a page of 360 px', async () => {
  const { page } = await open(await storeOf(checkout()), '?trace=7', { viewport: { width: 360, height: 800 } })
  await page.waitForSelector('.waterfall .row')
  for (const menu of ['.head .menu', '.filters']) {
    await page.locator(`${menu} > summary`).click()
    const { x = -1, width = 0 } = (await page.locator(`${menu} .choices`).boundingBox()) ?? {}
    expect([menu, x >= 0, x + width <= 360]).toEqual([menu, true, true])
    await page.locator(`${menu} > summary`).click()
  }
})
