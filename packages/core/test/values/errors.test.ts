import { connect, createServer, type LookupFunction } from 'node:net'
import { expect, test } from '@jest/globals'
import { errorMessage } from '../../src/values/errors.js'

/** A port where nobody listens: one that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('a host of several addresses that refuses connections is told of with the reasons, of which Node makes no message', async () => {
  const port = await unusedPort()
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
  const lookup: LookupFunction = (_host, _options, callback) => callback(null, addresses)
  const socket = connect({ host: 'several.example', port, lookup, autoSelectFamily: true })
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
  expect([error.name, error.message]).toEqual(['AggregateError', ''])
  // Without IPv6 the second reason is another.
  expect(errorMessage(error)).toMatch(
    new RegExp(`^connect ECONNREFUSED 127\\.0\\.0\\.1:${port}; connect E[A-Z]+ ::1:${port}`),
  )
})

const circular = new AggregateError([], '')
circular.errors.push(circular, circular, new Error('one'))

test.each<[string, unknown, string]>([
  ['of several with a message of their own', new AggregateError([new Error('one')], 'all'), 'all'],
  ['of the same', new AggregateError([new Error('one'), new Error('one'), 'no error', new Error('')]), 'one'],
  [
    'of many',
    new AggregateError(Array.from({ length: 100 }, (_, i) => new Error(`${i}`))),
    '0; 1; 2; 3; 4; 5; 6; 7; …',
  ],
  ['of itself', circular, 'one'],
  ['of none', new AggregateError([]), ''],
  ['with a code alone', Object.assign(new Error(), { code: 'ECONNRESET' }), 'ECONNRESET'],
  [
    'with parts that throw',
    { message: '', errors: new Proxy([], { get: () => Reflect.get(Object(null), 'x').y }) },
    '[no text]',
  ],
  ['without anything', new Error(), ''],
])('the message of an error %s', (_what, error, message) => expect(errorMessage(error)).toBe(message))
