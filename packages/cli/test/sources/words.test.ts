import { expect, test } from '@jest/globals'
import { wordsOf } from '../../src/sources/words.js'

test.each([
  [['traces.yaml', 'kind:db'], ['traces.yaml'], 'kind:db'],
  [['a.jsonl.2.gz', 'b.yml.1', 'c.ndjson', 'logs/*.yaml'], ['a.jsonl.2.gz', 'b.yml.1', 'c.ndjson', 'logs/*.yaml'], ''],
  [['dynamodb://Traces', 'timeout', '-kind:cache'], ['dynamodb://Traces'], 'timeout -kind:cache'],
  [['mysql://host/traces', 'name:http://x', '-host:a://b'], ['mysql://host/traces'], 'name:http://x -host:a://b'],
  [['@file:traces.yaml', '"traces.yaml"', 'name:x.yaml'], [], '@file:traces.yaml "traces.yaml" name:x.yaml'],
  // What a shell leaves of name:"GET /users/:id".
  [['name:GET /users/:id', 'kind:db'], [], 'name:"GET /users/:id" kind:db'],
  [['@message:not found', '-name:a b\\c'], [], '@message:"not found" -name:"a b\\\\c"'],
  // One argument with several conditions.
  [['name:x kind:db'], [], 'name:x kind:db'],
  [['@a:1 @b:2'], [], '@a:1 @b:2'],
  [['name:"GET /x" slow'], [], 'name:"GET /x" slow'],
])('%j', (words, sources, text) => {
  const found = wordsOf('/', words)
  expect([found.sources, found.search.text]).toEqual([sources, text])
})

test('a store whose URL looks like a condition is to be named by --from', () => {
  expect(() => wordsOf('/', ['sqlite:x.db', 'kind:db'])).toThrow(
    /unknown field.*\n {2}sqlite:x\.db kind:db\n {2}\^{6}\nIf sqlite:x\.db is a store, put --from before it\.$/,
  )
  expect(() => wordsOf('/', ['@a:1', 'duration:x'])).toThrow(/^(?!.*--from)/s)
})
