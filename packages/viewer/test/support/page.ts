import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import type { TraceReader } from '@trace/core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { traceViewer } from '../../dist/index.js'
import { openBrowser } from './browser.js'

export interface Opened {
  readonly page: Page
  readonly url: string
}

type Open = (reader: TraceReader, path?: string, options?: BrowserContextOptions) => Promise<Opened>

/** Opens pages in one browser for a whole test file, and fails where a page has told an error or asked for anything elsewhere. */
export function useBrowser(): Open {
  let browser: Browser
  const servers: Server[] = []
  const problems: string[] = []
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
    expect(problems.splice(0)).toEqual([])
  })
  return async (reader, path = '', options = {}) => {
    const server = createServer(traceViewer({ reader }))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      // A refused search or a trace that is not there is an answer of the server, which the page shows.
      const isAnswer = message.text().includes('Failed to load resource')
      if (message.type() === 'error' && !isAnswer) problems.push(message.text())
    })
    page.on('request', (request) => {
      const isOwn = /^(data|blob):/.test(request.url()) || request.url().startsWith(url)
      if (!isOwn) problems.push(`asked for ${request.url()}`)
    })
    await page.goto(url + path)
    return { page, url }
  }
}

/** A parameter of the page's URL, from the page itself: what the browser tells of its URL from outside may come late. */
export function parameterOf(page: Page, name: string): Promise<string | null> {
  return page.evaluate((key) => new URLSearchParams(location.search).get(key), name)
}
