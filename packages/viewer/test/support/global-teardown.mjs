import { createRequire } from 'node:module'

export default async function tearDown() {
  await createRequire(import.meta.url)('./kept-browser.cjs').close()
}
