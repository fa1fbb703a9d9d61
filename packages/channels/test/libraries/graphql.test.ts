import { afterEach, expect, test } from '@jest/globals'
import { buildSchema, graphql, parse, subscribe } from 'graphql17'
import { traceChannel, traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

let stop = (): void => {}
afterEach(() => stop())

const schema = buildSchema(
  'type User { name: String } type Query { user(id: Int): User, fails: String } type Subscription { ticks: Int }',
)
async function* ticks(): AsyncGenerator<{ ticks: number }> {
  yield { ticks: 1 }
}

test('parsing, validating and executing have spans, what resolvers do below that; nothing of documents and variables', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const rootValue = {
    user: () => tracer.span('db', 'load user', async () => ({ name: 'hunter2' })),
  }
  const source = 'query One($id: Int) { user(id: $id) { name } }'
  const variableValues = { id: 4711 }
  await tracer.trace('request', 'outer', () => graphql({ schema, source, rootValue, variableValues }))
  expect(await then.tree()).toEqual([
    'request outer',
    '  graphql parse',
    '  graphql validate',
    '  graphql query One',
    '    db load user',
  ])
  const [, parsed, validated, executed] = await then.spans()
  expect([parsed, validated].map((span) => ({ ...span?.data }))).toEqual([{}, {}])
  expect({ ...executed?.data }).toEqual({ 'graphql.operation.type': 'query', 'graphql.operation.name': 'One' })
})

test('what fails has its kind of error, and no values', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const rootValue = {
    fails: () => {
      throw new RangeError('no user hunter2')
    },
  }
  await tracer.trace('request', 'outer', async () => {
    for (const source of [
      '{ fails }',
      '{ hunter2 }',
      '{ user(id: 1 "hunter2") { name } }',
      '{ user(id: "hunter2") { name } }',
    ]) {
      expect((await graphql({ schema, source, rootValue })).errors).toHaveLength(1)
    }
  })
  const spans = await then.spans()
  const failed = spans.filter(({ data }) => data['error.type'] !== undefined)
  expect(failed.map(({ name, data }) => [name, data['error.type']])).toEqual([
    ['query', 'RangeError'],
    ['validate', 'GraphQLError'],
    ['parse', 'GraphQLError'],
    ['validate', 'GraphQLError'],
  ])
  expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain('hunter2')
})

test('a subscription has a span until it is there', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const document = parse('subscription Clock { ticks }')
  const stream = await tracer.trace('request', 'outer', async () =>
    subscribe({ schema, document, rootValue: { ticks } }),
  )
  expect(Symbol.asyncIterator in stream).toBe(true)
  expect(await then.tree()).toEqual(['request outer', '  graphql subscription Clock'])
})

test('resolvers have spans where they are asked for', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const stopResolvers = traceChannel(tracer, 'graphql:resolve', {
    kind: 'graphql',
    name: (call) => String(call['fieldName']),
  })
  const rootValue = { user: async () => ({ name: 'ann' }) }
  await tracer.trace('request', 'outer', () => graphql({ schema, source: '{ user { name } }', rootValue }))
  stopResolvers()
  expect((await then.tree()).slice(3)).toEqual(['  graphql query', '    graphql user', '    graphql name'])
})
