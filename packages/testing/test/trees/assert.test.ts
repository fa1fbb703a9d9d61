import { AssertionError } from 'node:assert'
import { describe, expect, test } from '@jest/globals'
import { span } from '@trace/core'
import { assertCount, assertTree, runTraced } from '../../src/index.js'

/** The spans of a request that asks the database `times` times, in parallel. */
async function spansOf(times: number) {
  const { spans } = await runTraced((tracer) =>
    tracer.trace('request', 'GET /users/:id', async () => {
      await span('db', 'load user', async () => {})
      await Promise.all(
        Array.from({ length: times }, (_, at) => span('db', `load role ${times - at}`, async () => null)),
      )
      await span('work', 'audit', async () => {
        throw new RangeError('full')
      }).catch(() => {})
    }),
  )
  return spans
}

describe('assertTree', () => {
  test.each([
    ['as it is', 'load role 1', 'load role 2', 'audit ✗ RangeError: full'],
    ['with what ran at the same time in any order', 'load role 2', 'load role 1', 'audit ✗ RangeError: full'],
    ['with parts left open', 'load * 2', 'load role *', 'audit ✗ *'],
    ['with parts left open that fit several', '* role *', 'load role 1', '*'],
  ])('takes the tree %s', async (_how, one, other, last) => {
    const tree = `
      request GET /users/:id
        db load user
        db ${one}
        db ${other}
        work ${last}
    `
    assertTree(await spansOf(2), tree)
  })

  test.each([
    ['a span less', ['db load user', 'db load role 1', 'work audit ✗ RangeError: full']],
    ['a span more', ['db load user', 'db load role 1', 'db load role 2', 'db x', 'work audit ✗ RangeError: full']],
    ['another order', ['db load role 1', 'db load user', 'db load role 2', 'work audit ✗ RangeError: full']],
    ['no failure', ['db load user', 'db load role 1', 'db load role 2', 'work audit']],
    ['another name', ['db load user', 'db load role 1', 'db load role 3', 'work audit *']],
    ['a part of a name', ['db load', 'db load role 1', 'db load role 2', 'work audit *']],
    ['another level', ['db load user', '  db load role 1', 'db load role 2', 'work audit *']],
  ])('refuses %s, and shows both', async (_what, lines) => {
    const spans = await spansOf(2)
    const expected = ['request GET /users/:id', ...lines.map((line) => `  ${line}`)].join('\n')
    const error = thrownBy(() => assertTree(spans, expected))
    expect(error).toBeInstanceOf(AssertionError)
    expect(error).toMatchObject({ expected: `${expected}\n`, actual: expect.stringContaining('  db load role 2\n') })
  })

  test('takes what a pattern would take as text: no sign but * means anything', async () => {
    const { spans } = await runTraced((tracer) => tracer.trace('k', 'GET /a.b/(c)+[d]?{e}|^$-\\', () => {}))
    assertTree(spans, 'k GET /a.b/(c)+[d]?{e}|^$-\\')
    assertTree(spans, 'k GET /*/*')
    expect(() => assertTree(spans, 'k GET /aXb/(c)+[d]?{e}|^$-\\')).toThrow(AssertionError)
  })

  test('compares data where it is asked to', async () => {
    const { spans } = await runTraced((tracer) =>
      tracer.trace('db', 'load', (s) => {
        s.data = { rows: 2 }
      }),
    )
    assertTree(spans, 'db load { rows: 2 }', { data: ['rows'] })
    expect(() => assertTree(spans, 'db load { rows: 3 }', { data: ['rows'] })).toThrow(AssertionError)
  })

  test('takes no spans for an empty text only', async () => {
    assertTree([], ' \n')
    expect(() => assertTree([], 'k n')).toThrow(AssertionError)
    const spans = await spansOf(0)
    expect(() => assertTree(spans, '')).toThrow(AssertionError)
  })

  test.each(['a\n   b', 'a\n    b', '  a\n b\n'])('refuses an indentation that makes no sense: %j', (text) => {
    expect(() => assertTree([], text)).toThrow(TypeError)
  })
})

describe('assertCount', () => {
  test('takes so many spans as they are', async () => {
    const spans = await spansOf(2)
    assertCount(spans, { kind: 'db' }, { atMost: 3 })
    assertCount(spans, { kind: 'db' }, 3)
    assertCount(spans, { kind: /^d/, name: /role/g }, { atLeast: 1, atMost: 2 })
    assertCount(spans, { failed: true }, 1)
    assertCount(spans, { kind: 'db', failed: true }, 0)
    assertCount(spans, {}, { atLeast: 5 })
  })

  test('says how many there are, and where', async () => {
    const spans = await spansOf(5)
    const error = thrownBy(() => assertCount(spans, { kind: 'db' }, { atMost: 3 }))
    expect(error).toBeInstanceOf(AssertionError)
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^expected at most 3 spans of kind "db", got 6 in\n {2}request GET \/users\/:id\n/,
      ),
    })
    const counts = [1, { atLeast: 7 }, { atLeast: 1, atMost: 2 }]
    const messages = counts.map((count) => thrownBy(() => assertCount(spans, { name: /^load/ }, count)))
    expect(messages.map((each) => String(each).split('\n')[0])).toEqual([
      'AssertionError [ERR_ASSERTION]: expected 1 spans of name /^load/, got 6 in',
      'AssertionError [ERR_ASSERTION]: expected at least 7 spans of name /^load/, got 6 in',
      'AssertionError [ERR_ASSERTION]: expected 1 to 2 spans of name /^load/, got 6 in',
    ])
  })

  test.each([
    [{ kin: 'db' }, 1],
    [{ kind: 5 }, 1],
    [{ failed: 'yes' }, 1],
    [{}, { atmost: 3 }],
    [{}, { atMost: -1 }],
    [{}, 1.5],
    [{}, undefined],
  ])('refuses %p with %p, which would count something else', (filter, count) => {
    expect(() => Reflect.apply(assertCount, undefined, [[], filter, count])).toThrow(
      expect.objectContaining({ code: 'TRACE_BAD_OPTION' }),
    )
  })
})

function thrownBy(fn: () => void): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
