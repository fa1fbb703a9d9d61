import { describe, expect, test } from '@jest/globals'
import type { PlainValue } from '@trace/core'
import { type ItemOptions, spanFromItem, spanToItem } from '../../src/index.js'
import { fitItem, itemBytes, MAX_ITEM_BYTES } from '../../src/item/size.js'
import { aSpan } from '../support/spans.js'

const natural: ItemOptions = { layout: 'natural', index: false, expires: undefined }

function dataOf(item: ReturnType<typeof spanToItem>): Record<string, unknown> {
  const span = spanFromItem(item)
  if (typeof span === 'string') throw new Error(span)
  return { ...span.data }
}

describe('an item that is too large', () => {
  const sizeWith = (data: Record<string, PlainValue>): number => itemBytes(spanToItem(aSpan({ data }), natural))

  test('is cut at its longest values, and says so', () => {
    const data = { long: 'é'.repeat(300_000), longer: 'x'.repeat(500_000), short: 's'.repeat(1_000), n: 5 }
    const item = spanToItem(aSpan({ data }), natural)
    expect(itemBytes(item)).toBeLessThanOrEqual(MAX_ITEM_BYTES)
    expect(itemBytes(item)).toBeGreaterThan(MAX_ITEM_BYTES - 100)
    const back = dataOf(item)
    expect(back['short']).toBe(data.short)
    expect(back['n']).toBe(5)
    expect(back['longer']).toMatch(/^x{200000,}… \[cut: 500000 bytes\]$/)
    expect(back['long']).toMatch(/^é{100000,}… \[cut: 600000 bytes\]$/)
  })

  test('of exactly the limit stays whole', () => {
    const rest = sizeWith({ x: '' })
    expect(sizeWith({ x: 'x'.repeat(MAX_ITEM_BYTES - rest) })).toBe(MAX_ITEM_BYTES)
    const whole = spanToItem(aSpan({ data: { x: 'x'.repeat(MAX_ITEM_BYTES - rest) } }), natural)
    expect(whole['x']?.S).not.toContain('cut')
    const cut = spanToItem(aSpan({ data: { x: 'x'.repeat(MAX_ITEM_BYTES - rest + 1) } }), natural)
    expect(cut['x']?.S).toContain('… [cut: ')
    expect(itemBytes(cut)).toBe(MAX_ITEM_BYTES)
  })

  test('by its lists and maps has them as text', () => {
    const list = Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? 2n ** 60n : { at }))
    const item = spanToItem(aSpan({ data: { list, a: 1 } }), natural)
    expect(itemBytes(item)).toBeLessThanOrEqual(MAX_ITEM_BYTES)
    expect(item['list']?.S).toMatch(/^\["1152921504606846976",\{"at":1\}.*cut: \d+ bytes\]$/)
  })

  test('by the number of its keys loses the last, and says how many', () => {
    const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`some key ${at}`, `some value ${at}`]))
    const item = spanToItem(aSpan({ data }), natural)
    expect(itemBytes(item)).toBeLessThanOrEqual(MAX_ITEM_BYTES)
    const back = dataOf(item)
    expect(back['some key 0']).toBe('some value 0')
    expect(back['[cut]']).toBe(`${20_000 - Object.keys(back).length + 1} more`)
  })

  test('by its own fields cannot be stored', () => {
    expect(() => fitItem(spanToItem(aSpan({ name: 'n'.repeat(410_000) }), natural))).toThrow(
      'larger than a DynamoDB item',
    )
  })
})
