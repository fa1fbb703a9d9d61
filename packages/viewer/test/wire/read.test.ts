import { describe, expect, test } from '@jest/globals'
import { isFailed as isFailedByData, type Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { isFailed } from '../../src/wire/read.js'
import { anySpan, sent } from '../support/any-span.js'

/** A getter is no property of the object itself. */
function plain({ spanId, traceId, parentId, process, kind, name, start, finish, data }: Span): Span {
  return { spanId, traceId, parentId, process, kind, name, start, finish, data }
}

describe('a trace on the wire', () => {
  test('has all that its spans have', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 20 }), (spans) => {
        expect(sent(spans).map(plain)).toEqual(spans)
        expect(sent(spans).map(isFailed)).toEqual(spans.map(isFailedByData))
      }),
      { numRuns: runs(60) },
    )
  })

  test('holds times that 64 bits do not at the ends', () => {
    const far = { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', data: {} }
    const [first] = sent([{ ...far, start: -(10n ** 30n), finish: 10n ** 30n }])
    expect([first?.start, first?.finish]).toEqual([-(2n ** 63n) + 1n, 2n ** 63n - 1n])
  })

  test('takes a list that looks like one of ours for what it says', () => {
    const data = { a: ['\u0000bigint', 'twelve'], b: ['\u0000bigint'], c: ['\u0000number', 'x', 'y'] }
    const [read] = sent([
      { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', start: 0n, finish: 1n, data },
    ])
    expect(read?.data).toEqual(data)
  })
})
