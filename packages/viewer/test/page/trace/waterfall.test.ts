import { expect, test } from '@jest/globals'
import { parameterOf, useBrowser } from '../../support/page.js'
import { aSpan, storeOf } from '../../support/store.js'

const open = useBrowser()

test('draws the rows in their order, however one scrolls', async () => {
  const root = aSpan({ name: 'row 0', ms: 1_000 })
  const spans = Array.from({ length: 600 }, (_, at) =>
    aSpan({ parentId: root.spanId, name: `row ${at + 1}`, from: at }),
  )
  const { page } = await open(await storeOf([root, ...spans]), '?trace=7')
  await page.waitForSelector('.row')
  // Near and far, down and up again: elements of rows are used for others.
  for (const row of [3, 9, 400, 395, 380, 450, 20, 0, 590, 300, 299]) {
    const drawn = await page.evaluate(async (top) => {
      const box = document.querySelector('.waterfall')
      if (box !== null) box.scrollTop = top
      for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve))
      return [...document.querySelectorAll('.row')].map(
        (each) =>
          `${Number(each.getAttribute('aria-rowindex')) - 1} ${each.querySelector('.what')?.textContent?.trim()}`,
      )
    }, row * 26)
    const first = Number.parseInt(drawn[0] ?? '', 10)
    expect(drawn).toEqual(drawn.map((_, at) => `${first + at} gateway request row ${first + at}`))
    expect([first <= row, first + drawn.length > row]).toEqual([true, true])
  }
  expect(await page.locator('.toggle:visible').count()).toBe(0)
})

test('draws the whole trace in small, and what failed over the rest', async () => {
  const root = aSpan({ ms: 100 })
  const failed = aSpan({ parentId: root.spanId, from: 50, ms: 25, data: { 'error.type': 'Error' } })
  const { page } = await open(await storeOf([root, failed]), '?trace=7', { colorScheme: 'light' })
  await page.waitForSelector('.row')
  const rows = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.minimap canvas')
    const context = canvas?.getContext('2d')
    if (canvas === null || context === null || context === undefined) return []
    return [3, 7].map((y) =>
      [0.25, 0.6, 0.9].map((share) => context.getImageData(share * canvas.width, y, 1, 1).data.join()),
    )
  })
  const dot = await page
    .locator('.row .dot')
    .first()
    .evaluate((element) => getComputedStyle(element).backgroundColor)
  const [own, red, none] = [`${dot.match(/\d+/g)?.join()},255`, '179,38,30,255', '0,0,0,0']
  expect(rows).toEqual([
    [own, own, own],
    [none, red, none],
  ])
})

test('marks when no child of a span ran, and when no span did, as it is zoomed', async () => {
  const root = aSpan({ name: 'work', ms: 100 })
  const first = aSpan({ parentId: root.spanId, name: 'first', ms: 20 })
  const second = aSpan({ parentId: root.spanId, name: 'second', from: 60, ms: 37 })
  const later = aSpan({ name: 'later', from: 150, ms: 50 })
  const { page } = await open(await storeOf([root, first, second, later]), `?trace=7&span=${root.spanId}`)
  await page.waitForSelector('.row')
  const gaps = page.locator('.row').first().locator('.gap')
  expect(await gaps.evaluateAll((marks) => marks.map((mark) => mark.getAttribute('title')))).toEqual([
    'none of its children ran for 40.0 ms',
  ])
  expect(await page.locator('.row').first().locator('.still').getAttribute('title')).toBe('no span ran for 50.0 ms')
  const [gap, bar] = [await gaps.boundingBox(), await page.locator('.row').first().locator('.bar').boundingBox()]
  expect(Math.round((((gap?.x ?? 0) - (bar?.x ?? 0)) / (bar?.width ?? 1)) * 100)).toBe(20)
  expect(await page.getByRole('region', { name: 'Gaps' }).innerText()).toMatch(
    /40\.0 ms, request first to request second/,
  )
  expect(await page.locator('.row').first().innerText()).toContain('self 43.0 ms')
  await page.keyboard.press('g')
  expect(await page.locator('.gap, .still').count()).toBe(0)
  expect(await parameterOf(page, 'gaps')).toBe('off')
  await page.reload()
  await page.waitForSelector('.row')
  expect(await page.locator('.gap, .still').count()).toBe(0)
  await page.getByRole('button', { name: 'Gaps' }).click()
  await page.goto(`${page.url()}&zoom=80000000-100000000`)
  await page.waitForSelector('.row')
  expect(await gaps.evaluateAll((marks) => marks.map((mark) => mark.getAttribute('title')))).toEqual([
    'none of its children ran for 3.00 ms',
  ])
})

test('a row of a narrow window has room for its name', async () => {
  const root = aSpan({ name: 'restock shelf', process: 'inventory-service:1@h', kind: 'queue.process' })
  const { page } = await open(await storeOf([root]), '?trace=7', { viewport: { width: 360, height: 740 } })
  await page.waitForSelector('.row')
  const what = page.locator('.row .what')
  expect(await what.innerText()).toBe('restock shelf')
  const [label, text] = [await page.locator('.row .label').boundingBox(), await what.boundingBox()]
  const rightOf = (box: typeof label): number => (box?.x ?? 0) + (box?.width ?? 0)
  expect(rightOf(text)).toBeLessThanOrEqual(rightOf(label))
})
