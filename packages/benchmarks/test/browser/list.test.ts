import { expect, test } from '@jest/globals'
import { figuresOf } from '../support/figures.js'

test('measures each thing that the list does', async () => {
  expect(await figuresOf('list', 2_000)).toEqual([
    'the list is shown',
    'more: 200 traces',
    'the newest trace',
    'a search that finds much',
    'a search that finds nothing',
    'the oldest trace',
    '20 traces arrive, one each 20 ms',
    'most memory of the server, MB',
  ])
})
