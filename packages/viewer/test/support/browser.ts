import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'

export interface OpenedBrowser {
  readonly browser: Browser
  /** The page that tests use one after the other: to make another takes longer than most tests. */
  readonly page: Page
}

interface KeptBrowser {
  readonly isKept: boolean
  open(open: () => Promise<OpenedBrowser>): Promise<OpenedBrowser>
  close(): Promise<void>
}

// Jest would load them anew for each test file, for seconds each, and start a browser for each.
const importByNode: (url: string) => Promise<unknown> = Reflect.get(globalThis, 'importByNode')
const { chromium } = (await importByNode(import.meta.resolve('playwright-core'))) as typeof import('playwright-core')
const { default: kept } = (await importByNode(new URL('kept-browser.cjs', import.meta.url).href)) as {
  default: KeptBrowser
}

export const VIEWPORT = { width: 1280, height: 900 }

/** Where a Chromium may be. On Debian: `apt-get install chromium`, or chromium-headless-shell, with which tests take less time. */
const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser of all test files, started for the first; rejects where there is none, and says how to get one. */
export function openBrowser(): Promise<OpenedBrowser> {
  return kept.open(async () => {
    const executablePath = PLACES.find((place) => place !== undefined && existsSync(place))
    if (executablePath === undefined) {
      throw new Error(
        'the tests of the page need Chromium: install it (apt-get install chromium), or name it in CHROMIUM',
      )
    }
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    return { browser, page: await (await browser.newContext({ viewport: VIEWPORT })).newPage() }
  })
}

/** Closes the browser where nobody does so after the last test file: in each of several processes that run tests. */
export async function leaveBrowser(): Promise<void> {
  if (!kept.isKept) await kept.close()
}
