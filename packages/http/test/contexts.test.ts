import { AsyncResource } from 'node:async_hooks'
import { expect, test } from '@jest/globals'

// Before Node 24 each context that was entered gives a property to each resource until it is disabled, as `.config/environment.mjs`
// does after each file. This file is small, so it runs after many others.
test('the test files before this one have left no contexts, each of which slows all that follows', () => {
  const properties = Object.getOwnPropertySymbols(new AsyncResource('test'))
  expect(properties.map(String).filter((name) => name === 'Symbol(kResourceStore)').length).toBeLessThan(3)
})
