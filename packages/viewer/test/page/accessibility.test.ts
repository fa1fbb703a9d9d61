import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import type { MemoryRecorder } from '@trace/core'
import type { Page } from 'playwright-core'
import { useBrowser } from '../support/page.js'
import { aSpan, checkout, lacking, storeOf } from '../support/store.js'

const open = useBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** By evaluation: the page's policy refuses a script element. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate<{ violations: Violation[] }>('axe.run()')
  return found.violations.map(
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

describe.each(['light', 'dark'] as const)('in %s, axe finds nothing wrong with', (colorScheme) => {
  test.each([
    ['the list', '', '.list tbody tr'],
    ['a mistake in a search', '?q=duration:soon', '[role=alert]'],
    ['a trace', '?trace=7', '.waterfall .row'],
    ['a trace that lacks spans', '?trace=9&span=90&same=on&clocks=corrected&panel=below', '.chart'],
    ['the names of a trace', '?trace=7&view=table', '.names tr'],
    ['two traces', '?trace=7&compare=8', '.compare tr'],
    ['a trace that is not there', '?trace=404', 'main h2'],
  ])('%s', async (_name, path, ready) => {
    const { page } = await open(await stored(), path, { colorScheme })
    await page.waitForSelector(ready)
    if (path === '?trace=7') await page.locator('.row').nth(3).click()
    expect(await violations(page)).toEqual([])
  })

  test('the help', async () => {
    const { page } = await open(await storeOf(checkout()), '', { colorScheme })
    await page.waitForSelector('.list tbody tr')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })
})

test.each([360, 768, 2560])('nothing is wider than the page at %i px', async (width) => {
  for (const path of ['', '?trace=7', '?trace=7&view=table']) {
    const { page } = await open(await storeOf(checkout()), path, { viewport: { width, height: 800 } })
    await page.waitForSelector('.list tbody tr, .waterfall .row, .names tr')
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(beyond).toBe(0)
  }
})
