import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { savedPage } from '../../dist/index.js'
import { leaveBrowser, openBrowser } from '../support/browser.js'
import { parameterOf } from '../support/page.js'
import { aSpan, checkout } from '../support/store.js'

const folder = mkdtempSync(join(tmpdir(), 'trace-saved-'))
let browser: Browser
beforeAll(async () => {
  browser = (await openBrowser()).browser
})
afterAll(async () => {
  await leaveBrowser()
  rmSync(folder, { recursive: true })
})

test('a saved trace opens from a disk with the network off, and is the page of that trace', async () => {
  const name = '</script><script>document.title="hacked"</script><!--'
  const file = join(folder, 'trace.html')
  writeFileSync(file, savedPage([...checkout(), aSpan({ name, data: { '</style>': '<script>' } })]))
  const context = await browser.newContext({ offline: true })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => problems.push(message.text()))
  await page.goto(pathToFileURL(file).href)
  await page.waitForSelector('.waterfall .row')
  expect(await page.locator('.waterfall .row').count()).toBe(7)
  expect(await page.title()).toBe('Trace')
  await page.keyboard.press('e')
  await page.keyboard.press('Enter')
  expect(await page.getByRole('complementary').innerText()).toContain('no shelf for unicorn')
  expect(await parameterOf(page, 'span')).not.toBeNull()
  expect(await page.getByText('Save as one file').count()).toBe(0)
  expect(problems).toEqual([])
  await context.close()
})
