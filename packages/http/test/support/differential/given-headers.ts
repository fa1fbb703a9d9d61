class Inheriting {
  own = 'own'
}
Object.assign(Inheriting.prototype, { inherited: 'inherited' })

const withGetter = {
  get 'X-Got'() {
    return 'got'
  },
}

/** Valid and invalid headers for `writeHead`. */
export const givenHeaders: Readonly<Record<string, () => unknown>> = {
  'an object': () => ({ 'Content-Type': 'text/plain', 'X-Number': 7, 'X-List': ['a', 'b'] }),
  'an object without a prototype': () => Object.assign(Object.create(null), { 'X-Null': 'a' }),
  'an object that inherits': () => new Inheriting(),
  'an object that inherits our name': () => Object.create({ 'X-Request-Id': 'inherited' }),
  'an object with a getter': () => withGetter,
  'a frozen object': () => Object.freeze({ 'X-Frozen': 'a' }),
  'two spellings in an object': () => ({ 'X-Two': 'a', 'x-two': 'b', 'X-TWO': 'c' }),
  'cookies in an object': () => ({ 'Set-Cookie': ['a=1', 'b=2'], 'set-cookie': 'c=3' }),
  'an empty object': () => ({}),
  'a value that is undefined': () => ({ 'X-Before': 'a', 'X-Undefined': undefined, 'X-After': 'b' }),
  'a value that is null': () => ({ 'X-Null': null }),
  'a value with a line break': () => ({ 'X-Before': 'a', 'X-Broken': 'a\r\nb: c' }),
  'a value beyond latin1': () => ({ 'X-Beyond': 'žluťoučký' }),
  'a value in latin1': () => ({ 'X-Latin': 'é' }),
  'a name with a space': () => ({ 'X-Before': 'a', 'X Space': 'b' }),
  'an empty name': () => ({ '': 'b', 'X-After': 'b' }),
  'an empty value': () => ({ 'X-Empty': '' }),
  'no values': () => ({ 'X-None': [] }),
  'a flat list': () => ['Content-Type', 'text/plain', 'X-Flat', 'a'],
  'a flat list with a name twice': () => ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Flat', 'a', 'x-flat', 'b'],
  'a flat list with lists': () => ['Set-Cookie', ['a=1', 'b=2']],
  'a flat list of odd length': () => ['X-Flat', 'a', 'X-Odd'],
  'a list of pairs': () => [
    ['Content-Type', 'text/plain'],
    ['X-Pair', 'a'],
  ],
  'pairs with a name twice': () => [
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['x-pair', 'a'],
    ['X-Pair', 'b'],
  ],
  'an odd number of pairs': () => [['X-Pair', 'a']],
  'pairs with lists': () => [['Set-Cookie', ['a=1', 'b=2']]],
  'pairs and names': () => [['X-Pair', 'a'], 'X-Flat', 'b', 'c'],
  'an empty list': () => [],
  'a list of numbers': () => [1, 2],
  'a text': () => 'ab',
  'a Map': () => new Map([['X-Map', 'a']]),
  Headers: () => new Headers({ 'X-Headers': 'a' }),
  null: () => null,
  'a number': () => 5,
  'our own name': () => ({ 'X-Before': 'a', 'X-Request-Id': 'mine', 'X-After': 'b' }),
  'our own name in capitals': () => ({ 'X-REQUEST-ID': 'mine' }),
  'our own name in small letters': () => ({ 'x-request-id': 'mine' }),
  'our own name without values': () => ({ 'x-request-id': [], 'X-After': 'b' }),
  'our own name undefined': () => ({ 'x-request-id': undefined }),
  'our own name in a list': () => ['X-Before', 'a', 'X-Request-ID', 'mine'],
  'our own name in pairs': () => [
    ['X-Before', 'a'],
    ['X-Request-ID', 'mine'],
  ],
  'our own name as a value': () => ['X-Before', 'X-Request-Id', 'X-After', 'X-Request-Id'],
  'our own name twice': () => ({ 'X-Request-Id': ['mine', 'too'] }),
  'a connection to close': () => ({ Connection: 'close' }),
  'a length': () => ({ 'Content-Length': 4 }),
  'a length in a list': () => ['Content-Length', '4'],
  'a transfer coding': () => ({ 'Transfer-Encoding': 'chunked' }),
  'a date': () => ({ Date: 'some day' }),
  'keep-alive': () => ({ 'Keep-Alive': 'timeout=7' }),
  'a disposition': () => ({ 'Content-Length': 4, 'Content-Disposition': 'attachment; filename="é"' }),
  'an expectation': () => ({ Expect: '100-continue' }),
  'a trailer': () => ({ Trailer: 'X-Trailer' }),
}
