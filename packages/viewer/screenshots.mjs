// Makes pictures of the page at three widths, in light and dark, in a folder; and docs/viewer.png, the README's.
//   node packages/viewer/screenshots.mjs <folder>
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryRecorder } from '@trace/core'
import { chromium } from 'playwright-core'
import { startViewer } from './dist/index.js'

const MS = 1_000_000n
const WIDTHS = { phone: 360, laptop: 1280, wide: 2560 }
const NAMES = ['GET /checkout/:item', 'GET /users/:id', 'POST /orders', 'GET /stock/:item']
const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node packages/viewer/screenshots.mjs <folder>')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const store = memoryRecorder()
const now = BigInt(Date.now()) * MS
let lastId = 4815162342108999871n
for (let at = 0; at < 60; at++) await store.record(checkout(at))
const viewer = await startViewer({ reader: store })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const { traces } = await store.traces({ limit: 60 })
const shown = traces.find(({ failed }) => failed > 0)
for (const colorScheme of ['light', 'dark']) {
  for (const [name, width] of Object.entries(WIDTHS)) {
    await picture(join(folder, `list-${name}-${colorScheme}.png`), '', { colorScheme, width })
    await picture(join(folder, `trace-${name}-${colorScheme}.png`), `?trace=${shown.traceId}`, { colorScheme, width })
  }
}
const readme = fileURLToPath(new URL('../../docs/viewer.png', import.meta.url))
await picture(readme, `?trace=${shown.traceId}`, {
  colorScheme: 'light',
  width: 1100,
  height: 620,
  keys: ['e', 'e', 'Enter'],
})
await browser.close()
await viewer.close()

async function picture(path, query, { colorScheme, width, height = 800, keys = [] }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  await page.goto(viewer.url + query)
  await page.waitForSelector('.list tbody tr, .waterfall .row')
  for (const key of keys) await page.keyboard.press(key)
  await page.waitForTimeout(300)
  await page.screenshot({ path })
  await page.close()
}

/** One request through three services; some fail. */
function checkout(at) {
  const traceId = 4815162342000000000n + BigInt(at) * 7919n
  const begun = now - BigInt(at * 53 + ((at * 37) % 29)) * 1_000n * MS
  const scale = Math.exp(((at * 13) % 17) / 6)
  const fails = at % 9 === 4
  const spans = []
  const add = (parentId, process, [kind, name], [from, ms], data = {}) => {
    const start = begun + BigInt(Math.round(from * scale * 1e6))
    const spanId = ++lastId
    const finish = start + BigInt(Math.round(ms * scale * 1e6))
    spans.push({ spanId, traceId, parentId, process, kind, name, start, finish, data })
    return spanId
  }
  const error = { 'error.type': 'RangeError', 'error.message': 'there is no shelf for unicorn' }
  const stack = {
    'error.stack': 'RangeError: there is no shelf for unicorn\n    at shelfOf (/srv/inventory/stock.js:41:11)',
  }
  const status = { 'http.response.status_code': fails ? 502 : 200, 'url.path': '/checkout/unicorn' }
  const failed = fails ? { 'error.type': 'Error', 'error.message': 'orders answered 500' } : {}
  const root = add(0n, 'gateway:17@web-1', ['request', NAMES[at % 4]], [0, 34], { ...status, ...failed })
  add(root, 'gateway:17@web-1', ['work', 'find price'], [0.3, 0.4])
  const client = add(root, 'gateway:17@web-1', ['client', 'POST orders:8080'], [1, 31], { 'server.address': 'orders' })
  const order = add(client, 'orders:21@web-2', ['request', 'POST /orders/:item'], [2, 28])
  for (let row = 0; row < 12; row++) {
    const query = { 'db.query.text': `select price from items where id = ${row}` }
    add(order, 'orders:21@web-2', ['db', 'select price'], [3 + row * 0.6, 0.5], query)
  }
  const cause = fails ? { ...error, ...stack } : {}
  const stock = add(order, 'inventory:4@web-3', ['request', 'GET /stock/:item'], [11, 15], cause)
  add(stock, 'inventory:4@web-3', ['db', 'select stock'], [12, 9])
  add(root, 'gateway:17@web-1', ['work', 'send receipt'], [32, 12])
  return spans
}
