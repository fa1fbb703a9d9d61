import { describe, test } from '@jest/globals'
import { httpSuite } from '@trace/testing'
import { stands } from './support/stands.js'
import { suiteOf } from './support/suites.js'

describe.each(Object.entries(stands))('%s', (_, stand) => {
  for (const { name, run } of httpSuite(suiteOf(stand))) test(name, run)
})
