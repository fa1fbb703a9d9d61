import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { createTracer, memoryRecorder } from '../../src/index.js'
import { maskPaths } from '../../src/values/stack-paths.js'

const HOME = '/home/ann/shop'

test.each([
  ['    at load (/home/ann/shop/src/users.js:3:4)', '    at load (src/users.js:3:4)'],
  ['    at /home/ann/shop/src/users.js:3:4', '    at src/users.js:3:4'],
  ['    at async file:///home/ann/shop/src/users.js:3:4', '    at async src/users.js:3:4'],
  ['    at load (file:///home/ann/shop/a%20b.js:3:4)', '    at load (a b.js:3:4)'],
  ['    at new Foo (/home/ann/other/x.js:3:4)', '    at new Foo (x.js:3:4)'],
  ['    at f (/home/ann/shop (copy)/x.js:3:4)', '    at f (x.js:3:4)'],
  ['    at g (/home/ann/shop/node_modules/a/node_modules/b/c.js:1:2)', '    at g (node_modules/b/c.js:1:2)'],
  ['    at g (/opt/ann/node_modules/@x/b/c.js:1:2)', '    at g (node_modules/@x/b/c.js:1:2)'],
  ['    at h (C:\\\\Users\\\\ann\\\\app\\\\x.js:3:4)', '    at h (x.js:3:4)'],
  ['    at h (file:///C:/Users/ann/app/x.js:3:4)', '    at h (x.js:3:4)'],
  ['    at node:internal/process/task_queues:95:5', '    at node:internal/process/task_queues:95:5'],
  ['    at async Promise.all (index 0)', '    at async Promise.all (index 0)'],
  [
    '    at eval (eval at run (/home/ann/x/y.js:1:2), <anonymous>:1:1)',
    '    at eval (eval at run (y.js:1:2), <anonymous>:1:1)',
  ],
  ['load@/home/ann/shop/src/users.js:3:4', 'load@src/users.js:3:4'],
])('the frame %j becomes %j', (frame, masked) => {
  expect(maskPaths(`Error: no\n${frame}`, HOME)).toBe(`Error: no\n${masked}`)
})

test('a message stays, of however many lines', () => {
  const stack = 'Error: cannot open /home/ann/x\nnor /home/ann/y\n    at f (/home/ann/shop/x.js:3:4)'
  expect(maskPaths(stack, HOME)).toBe('Error: cannot open /home/ann/x\nnor /home/ann/y\n    at f (x.js:3:4)')
})

test('of a Windows directory, too, paths begin behind it', () => {
  expect(maskPaths('E\n    at h (C:\\app\\src\\x.js:3:4)', 'C:\\app')).toBe('E\n    at h (src/x.js:3:4)')
})

test('any text is masked, in linear time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      fc.string(),
      (stack, directory) => typeof maskPaths(stack, directory) === 'string',
    ),
  )
  for (const piece of [' /', '/', '\\', ':1', ' at /a:1:1\n', '\n    at ', '(', ' C:/']) {
    const stack = piece.repeat(200_000)
    expect(maskPaths(`${stack}:1:1`, HOME).length).toBeLessThanOrEqual(stack.length + 4)
  }
})

test('with the option, no stack that is recorded tells where the program is', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder, stacks: 'masked' })
  const parts = new AggregateError([new Error('part')], 'all', { cause: new Error('cause') })
  tracer.trace('task', 'a', (s) => {
    s.data['error'] = new Error('in data')
    s.event('b', { error: new Error('in an event') })
    s.fail(parts)
  })
  await tracer.close()
  const text = JSON.stringify(recorder.spans.map(({ data }) => data))
  expect(text.match(/stack-paths\.test\.ts:\d+/g)?.length).toBeGreaterThan(4)
  expect(text).not.toContain(process.cwd())
  expect(parts.stack).toContain(process.cwd())
})
