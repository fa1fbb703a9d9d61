import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

// Not by Jest, which would load it anew for each test file, for a second each.
const { chromium }: typeof import('playwright-core') = process
  .getBuiltinModule('node:module')
  .createRequire(import.meta.url)('playwright-core')

/** Where a Chromium may be. On Debian: `apt-get install chromium`. */
const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Starts a browser; rejects where there is none, and says how to get one. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place))
  if (executablePath === undefined) {
    throw new Error(
      'the tests of the page need Chromium: install it (apt-get install chromium), or name it in CHROMIUM',
    )
  }
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
}
