import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import type { TraceReader } from '@trace/core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { traceViewer, type ViewerHandler } from '../../dist/index.js'
import { leaveBrowser, openBrowser, VIEWPORT } from './browser.js'

export interface Opened {
  readonly page: Page
  readonly url: string
  /** Ends what is served, as if its process had ended: each connection breaks, and each new one. @returns what serves it again */
  leave(): () => void
}

type Open = (reader: TraceReader, path?: string, options?: BrowserContextOptions) => Promise<Opened>

/**
 * Opens pages from one server for a whole test file, and fails where a page has told an error or asked for anything elsewhere. A test's
 * first page is the same one in each test of each file, emptied between them.
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
    const opened = await openBrowser()
    browser = opened.browser
    first = watched(opened.page)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(async () => {
    await first.goto('about:blank')
    for (const event of ['pageerror', 'console', 'request']) first.removeAllListeners(event)
    await leaveBrowser()
    server.closeAllConnections()
    server.close()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) if (context !== first.context()) await context.close()
    // It stays where it is: a page of the next test's is shown by the same process of the browser, and an empty one by another.
    if (isTaken) await first.evaluate(() => localStorage.clear())
    isTaken = false
    expect(problems.splice(0)).toEqual([])
  })

  /** The page, of whose problems is told at the end of the test. */
  function watched(page: Page): Page {
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

  async function nextPage(options: BrowserContextOptions): Promise<Page> {
    const { viewport, colorScheme, reducedMotion, permissions, ...others } = { viewport: VIEWPORT, ...options }
    if (isTaken || Object.keys(others).length > 0) {
      return watched(await (await browser.newContext({ viewport: VIEWPORT, ...options })).newPage())
    }
    isTaken = true
    await first.setViewportSize(viewport ?? VIEWPORT)
    await first.emulateMedia({ colorScheme: colorScheme ?? null, reducedMotion: reducedMotion ?? null })
    await first.context().clearPermissions()
    if (permissions !== undefined) await first.context().grantPermissions(permissions)
    return first
  }

  return async (reader, path = '', options = {}) => {
    const viewer = traceViewer({ reader })
    const at = viewers.push(viewer) - 1
    const url = `${origin}${at}/`
    const leave = (): (() => void) => {
      viewers[at] = (_req, res) => res.destroy()
      server.closeAllConnections()
      return () => {
        viewers[at] = viewer
      }
    }
    const page = await nextPage(options)
    await page.goto(url + path)
    return { page, url, leave }
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

/** Drags over a canvas, from one part of its width to another, once the page has seen how wide it may be. */
export async function dragOver(page: Page, selector: string, from: number, to: number): Promise<void> {
  await page.waitForFunction((canvas) => {
    const { clientWidth, parentElement } = document.querySelector(canvas) ?? document.body
    return clientWidth > 0 && clientWidth === parentElement?.clientWidth
  }, selector)
  const box = await page.locator(selector).boundingBox()
  if (box === null) throw new Error(`nothing is shown of ${selector}`)
  await page.mouse.move(box.x + from * (box.width - 1), box.y + box.height / 3)
  await page.mouse.down()
  await page.mouse.move(box.x + to * (box.width - 1), box.y + box.height / 3)
  await page.mouse.up()
}
