import { expect, test } from '@jest/globals'
import { figuresOf } from '../support/figures.js'

test('measures each thing that the page does with a trace', async () => {
  const timed = ['load', 'collapse the first row', 'expand it again', 'collapse a row within', 'expand that again']
  const searches = [
    'search for a letter',
    'search for a word',
    'search for a value',
    'search for a key',
    'search for errors',
  ]
  const both = [...timed, 'scroll far, a frame', 'the wheel, from frame to frame', ...searches, 'leave the search']
  const alone = ['scroll far, the slowest of 20 frames', 'the wheel, the slowest of 20', 'hover, a frame', 'memory, MB']
  const expected = [...both.flatMap((name) => [name, `${name}, CPU`]), ...alone]
  expect((await figuresOf('main', 600)).toSorted()).toEqual(expected.toSorted())
})
