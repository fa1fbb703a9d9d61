import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import type { TraceReader } from '@trace/core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { traceViewer, type ViewerHandler } from '../../dist/index.js'
import { openBrowser } from './browser.js'

export interface Opened {
  readonly page: Page
  readonly url: string
}

type Open = (reader: TraceReader, path?: string, options?: BrowserContextOptions) => Promise<Opened>

const VIEWPORT = { width: 1280, height: 900 }

/**
 * Opens pages in one browser and from one server for a whole test file, and fails where a page has told an error or asked for anything
 * elsewhere. A test's first page is the same one in each test, emptied between them: to make another takes longer than most tests.
 */
export function useBrowser(): Open {
  const viewers: ViewerHandler[] = []
  const server = createServer((req, res) => {
    const viewer = viewers[Number(/^\/(\d+)\//.exec(req.url ?? '')?.[1])]
    if (viewer === undefined) res.writeHead(404).end()
    else viewer(req, res)
  })
  const problems: string[] = []
  let origin = ''
  let browser: Browser
  let first: Page
  let isTaken = false

  beforeAll(async () => {
    browser = await openBrowser()
    first = await pageOf({})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(async () => {
    await browser.close()
    server.closeAllConnections()
    server.close()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) if (context !== first.context()) await context.close()
    if (isTaken) {
      await first.evaluate(() => localStorage.clear())
      await first.goto('about:blank')
    }
    isTaken = false
    expect(problems.splice(0)).toEqual([])
  })

  async function pageOf(options: BrowserContextOptions): Promise<Page> {
    const page = await (await browser.newContext({ viewport: VIEWPORT, ...options })).newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      // A refused search or a trace that is not there is an answer of the server, which the page shows.
      const isAnswer = message.text().includes('Failed to load resource')
      if (message.type() === 'error' && !isAnswer) problems.push(message.text())
    })
    page.on('request', (request) => {
      const isOwn = /^(data|blob):/.test(request.url()) || request.url().startsWith(origin)
      if (!isOwn) problems.push(`asked for ${request.url()}`)
    })
    return page
  }

  async function nextPage({ viewport, colorScheme, ...others }: BrowserContextOptions): Promise<Page> {
    if (isTaken || Object.keys(others).length > 0) {
      return pageOf({ viewport: viewport ?? VIEWPORT, colorScheme: colorScheme ?? null, ...others })
    }
    isTaken = true
    await first.setViewportSize(viewport ?? VIEWPORT)
    await first.emulateMedia({ colorScheme: colorScheme ?? null })
    return first
  }

  return async (reader, path = '', options = {}) => {
    const url = `${origin}${viewers.push(traceViewer({ reader })) - 1}/`
    const page = await nextPage(options)
    await page.goto(url + path)
    return { page, url }
  }
}

/** A parameter of the page's URL, from the page itself: what the browser tells of its URL from outside may come late. */
export function parameterOf(page: Page, name: string): Promise<string | null> {
  return page.evaluate((key) => new URLSearchParams(location.search).get(key), name)
}

/** What a button puts into the clipboard, in a page that may read it. */
export async function copiedBy(page: Page, button: Locator): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''))
  await button.click()
  const text = await page.waitForFunction(() => navigator.clipboard.readText())
  await page.getByRole('button', { name: 'Copied' }).first().waitFor()
  return text.jsonValue()
}

/** Drops a file on the page. */
export async function dropFile(page: Page, name: string, content: string | Uint8Array): Promise<void> {
  const base64 = Buffer.from(content).toString('base64')
  await page.evaluate(
    ({ name, base64 }) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))], name))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    },
    { name, base64 },
  )
}
