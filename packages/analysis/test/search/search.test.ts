import { describe, expect, test } from '@jest/globals'
import type { PlainData, Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { SearchError } from '../../src/search/error.js'
import { parseSearch } from '../../src/search/search.js'
import { aSpan } from '../support/spans.js'

const START = 1_445_346_855_000_000_000n

const SPANS: readonly Span[] = [
  aSpan({ spanId: 1n, kind: 'request', name: 'GET /users/:id', data: { 'user.id': 42, 'url.path': '/users/42' } }),
  aSpan({
    spanId: 2n,
    parentId: 1n,
    kind: 'db',
    name: 'select users',
    process: 'orders:7@host-2',
    data: { rows: 250, tags: ['new', 'Big One'] },
  }),
  aSpan({
    spanId: 3n,
    parentId: 1n,
    kind: 'cache',
    name: 'get',
    start: START,
    finish: START + 5_000_000n,
    data: { user: { id: '42' }, big: 2n ** 62n },
  }),
  aSpan({
    spanId: 4n,
    parentId: 1n,
    kind: 'db',
    name: 'insert',
    data: { 'error.type': 'Error', 'error.message': 'Connection lost: db-1' },
  }),
  aSpan({
    spanId: 5n,
    parentId: 1n,
    kind: 'work',
    name: 'a "b" \\c*',
    finish: undefined,
    data: { 'odd key': '>5', none: null, yes: true, '': 'x' },
  }),
]

const found = (search: string): string =>
  SPANS.filter(parseSearch(search).matches)
    .map(({ spanId }) => spanId)
    .join(' ')

describe('parseSearch', () => {
  test.each([
    ['', '1 2 3 4 5'],
    ['  ', '1 2 3 4 5'],
    ['kind:db', '2 4'],
    ['-kind:db', '1 3 5'],
    ['kind:DB', ''],
    ['kind:d*', '2 4'],
    ['kind:"d*"', ''],
    ['kind:*', '1 2 3 4 5'],
    ['kind:""', ''],
    ['service:orders', '2'],
    ['host:host-1 -status:error', '1 3 5'],
    ['process:*7@*', '2'],
    ['name:"GET /users/:id"', '1'],
    ['name:GET*', '1'],
    ['name:*users*', '1 2'],
    ['name:*e*l*c*', '2'],
    ['name:get*t', ''],
    ['name:"a \\"b\\" \\\\c*"', '5'],
    ['@user.id:42', '1 3'],
    ['@user.id:"42"', '1 3'],
    ['@user.id', '1 3'],
    ['@user.id:*', '1 3'],
    ['-@user.id:42', '2 4 5'],
    ['@rows:>100', '2'],
    ['@rows:>=250', '2'],
    ['@rows:<250', ''],
    ['@rows:250', '2'],
    ['@tags:new', '2'],
    ['@tags:Big*', '2'],
    ['@big:>1e18', '3'],
    [`@big:${2n ** 62n}`, '3'],
    ['@"odd key":">5"', '5'],
    ['@"odd key":>5', ''],
    ['@none:null @yes:true', '5'],
    ['@none', '5'],
    ['@"":x', '5'],
    ['@toString', ''],
    ['@missing', ''],
    ['duration:>1s', '1 2 4'],
    ['duration:<=5ms', '3'],
    ['duration:>=5000us duration:<0.1min', '1 2 3 4'],
    ['status:error', '4'],
    ['status:ok kind:db', '2'],
    ['span:open', '5'],
    ['span:root', '1'],
    ['span:finished', '1 2 3 4'],
    ['trace:42 id:3', '3'],
    ['connection', '4'],
    ['"connection LOST: db-1"', '4'],
    ['-select -insert', '1 3 5'],
    ['-"connection lost" kind:db', '2'],
    ['250', '2'],
    ['big', '2'],
    ['42', '1 3'],
    ['e*', ''],
  ])('%s finds %s', (search, ids) => expect(found(search)).toBe(ids))

  test.each([
    ['knd:db', 'unknown field; did you mean kind:? Data keys begin with @. Text with a colon stands in quotes.', 'knd'],
    ['a -serivce:b', 'unknown field; did you mean service:?', 'serivce'],
    [
      'http://a',
      'unknown field; the fields are service, kind, name, process, host, trace, id, duration, status, span. Data keys',
      'http',
    ],
    ['__proto__:x', 'unknown field; the fields', '__proto__'],
    ['a status:eror b', 'status: expected error or ok', 'eror'],
    ['span:', 'span: expected open, finished or root', ''],
    ['duration:100ms', 'duration: expected a comparison with a unit, such as duration:>100ms', '100ms'],
    ['duration:>100', 'duration: expected a comparison with a unit, such as duration:>100ms', '>100'],
    ['kind: db', 'kind: expected a kind, such as kind:db', ''],
    ['@rows:>x', 'expected a number behind >', 'x'],
    ['@rows:>', 'expected a number behind >', ''],
    ['@rows:', 'expected a value of rows, such as 42, "some text", >100, or *', ''],
    ['@ a', 'expected a data key behind @, such as @user.id:42', '@'],
    ['a -', 'expected a condition behind the minus', '-'],
    ['--a', 'expected one minus; text that begins with a minus stands in quotes', '-'],
    ['name:"a b', 'expected a closing quote "', '"a b'],
    ['"a"b', 'expected a space behind the closing quote', 'b'],
  ])('%s is a mistake: %s', (search, reason, at) => {
    const error = mistakeOf(search)
    expect([error.code, search.slice(error.from, error.to)]).toEqual(['TRACE_BAD_SEARCH', at])
    expect(error.reason.startsWith(reason)).toBe(true)
  })

  test('points at a mistake, whatever stands before it', () => {
    expect(mistakeOf('kind:db  statsu:error').message).toBe(
      [
        'unknown field; did you mean status:? Data keys begin with @. Text with a colon stands in quotes.',
        '  kind:db  statsu:error',
        '           ^^^^^^',
      ].join('\n'),
    )
    const { message } = mistakeOf(`\u001b[31m ${'word '.repeat(100)} knd:db`)
    expect(message).not.toMatch(/\u001b/)
    const [, shown = '', marks = ''] = message.split('\n')
    expect(shown.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('knd')
  })

  test('gives the conditions for a reader, the service by itself', () => {
    expect(parseSearch(' ').query).toEqual({})
    expect(parseSearch('kind:db service:orders').query).toMatchObject({
      service: 'orders',
      where: expect.any(Function),
    })
    for (const search of ['-service:orders', 'service:o*', '@service:orders']) {
      expect(Object.keys(parseSearch(search).query)).toEqual(['where'])
    }
  })

  test('never fails but by a SearchError that points into the text, and never throws on a span', () => {
    const piece = fc.constantFrom(
      '-',
      '@',
      ':',
      '"',
      '\\',
      ' ',
      '*',
      '>',
      'kind',
      'status',
      'error',
      'duration',
      '5ms',
      'a',
      '\n',
      '\ud800',
    )
    const data = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<PlainData>
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), data, (pieces, values) => {
        const text = pieces.join('')
        try {
          parseSearch(text).matches(aSpan({ data: values }))
        } catch (error) {
          if (!(error instanceof SearchError)) throw error
          if (error.from < 0 || error.to < error.from || error.to > text.length) throw new Error('points elsewhere')
        }
      }),
      { numRuns: runs(2_000) },
    )
  })

  test('takes time in proportion, with many stars too', () => {
    const { matches } = parseSearch(`name:${'a*'.repeat(1_000)}b`)
    expect(matches(aSpan({ name: 'a'.repeat(100_000) }))).toBe(false)
    expect(mistakeOf('x'.repeat(10_001)).reason).toBe('expected at most 10000 characters')
  })
})

function mistakeOf(search: string): SearchError {
  try {
    parseSearch(search)
  } catch (error) {
    if (error instanceof SearchError) return error
    throw error
  }
  throw new Error(`no mistake: ${search}`)
}
