import { expect, test } from '@jest/globals'
import { pathOf, queryOf, routeName } from '../../src/values/naming.js'

test.each<[string, string[], string | undefined]>([
  ['/a', [], undefined],
  ['/a?', [], ''],
  ['/a?b=1#c', [], 'b=1'],
  ['/a?b=1&B=2&c', ['b'], 'b=***&B=***&c'],
  ['/a?b=1=2&b', ['b'], 'b=***&b'],
  ['/a?b%5B%5D=1&b%zz=2&+b=3', ['b'], 'b%5B%5D=***&b%zz=2&+b=***'],
  ['/a?b=x?y&d=1', ['d'], 'b=x?y&d=***'],
])('the query of %j without %j is %j', (target, masked, query) => expect(queryOf(target, new Set(masked))).toBe(query))

test.each([
  ['/a/b?c#d', '/a/b'],
  ['/a#b?c', '/a'],
  ['/', '/'],
  ['*', '*'],
  ['', ''],
  ['http://user:secret@host/a?b', '/a'],
  ['http://host', '/'],
  ['http://host?a=/b', '/'],
])('the path of %j is %j', (target, path) => expect(pathOf(target)).toBe(path))

test('a name by its route is right, however many there are, and the method alone where no route matched', () => {
  for (let turn = 0; turn < 2; turn++) {
    for (let at = 0; at < 2_500; at++) expect(routeName('GET', `/a${at}/:id`)).toBe(`GET /a${at}/:id`)
    expect(routeName('POST', '/a1/:id')).toBe('POST /a1/:id')
    expect(routeName('GET', '')).toBe('GET')
  }
})
