import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import type { ActiveSpan } from '../../src/index.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { cutTo } from '../../src/values/cut.js'

test.each(['plain', 'grün', 'ÿĀ', '日本語', '👍🏽', 'a lone \ud83d', '\udc4d first', '\0\u{10ffff}\uffff', ''])(
  '%j is cut at every length to what slice gives',
  (text) => {
    for (let length = 0; length <= text.length + 1; length++) expect(cutTo(length, text)).toBe(text.slice(0, length))
  },
)

/** In bytes: Node keeps long texts outside the heap. */
function inUse(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const SPANS = 30
const LONG = 1_000_000

test.each<[string, (span: ActiveSpan, text: string) => void]>([
  [
    'a value',
    (span, text) => {
      span.data['body'] = text
    },
  ],
  [
    'a value within others',
    (span, text) => {
      span.data['body'] = { parts: [text] }
    },
  ],
  ['the message of an error', (span, text) => span.fail(new Error(text))],
  [
    'a name',
    (span, text) => {
      span.name = text
    },
  ],
])('what is cut of %s is not kept in memory by the spans that wait', async (_what, give) => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const recorder = { name: 'busy', record: () => new Promise<void>(() => {}) }
  const tracer = createTracer({ service: 'users', recorder })
  collect()
  const before = inUse()
  for (let i = 0; i < SPANS; i++) {
    const text = Buffer.alloc(LONG, `body ${i} `).toString('latin1')
    tracer.trace('work', 'keeps', (span) => give(span, text))
  }
  collect()
  await sleep(1)
  collect()
  expect(tracer.stats().recorded).toBe(0)
  expect(inUse() - before).toBeLessThan((SPANS * LONG) / 2)
})
