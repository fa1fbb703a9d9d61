import { createRequire } from 'node:module'

/** Keeps the browser from one test file to the next; `global-teardown.mjs` closes it. */
export default function setUp() {
  createRequire(import.meta.url)('./kept-browser.cjs').isKept = true
}
