import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'

test("the page's scripts and styles are below 60 kB, gzipped", () => {
  const sizes = ['page.js', 'page.css'].map(
    (name) => gzipSync(readFileSync(new URL(`../../dist/page/${name}`, import.meta.url))).length,
  )
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(60_000)
})
