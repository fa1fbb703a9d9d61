import { afterEach, expect, test } from '@jest/globals'
import { type Child, canPin, startChild } from '../../src/harness/child.js'

const children: Child[] = []

function start(flags: string[] = []): Child {
  const child = startChild(new URL('../support/child.mjs', import.meta.url), ['one', 'two'], flags)
  children.push(child)
  return child
}

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.close()))
})

test('a child answers one question after the other', async () => {
  const child = start()
  expect(await child.ask({ answer: { value: 1 } })).toEqual({ value: 1 })
  expect(await child.ask({ answer: { value: 2 } })).toEqual({ value: 2 })
})

test('an answer that is not a record of numbers rejects', async () => {
  await expect(start().ask({ answer: { value: 'text' } })).rejects.toThrow(
    'child.mjs one two answered value with string, not with a number',
  )
})

test('a child that ends before it answers rejects that question, and every later one', async () => {
  const child = start()
  await expect(child.ask({ signal: 'SIGKILL' })).rejects.toThrow(
    'child.mjs one two ended with SIGKILL before it answered',
  )
  await expect(child.ask({})).rejects.toThrow('child.mjs one two ended with SIGKILL before it answered')
})

const onTwoCores = canPin() ? test : test.skip

onTwoCores('a child is kept on one core', async () => {
  const child = start()
  expect(await child.ask({})).not.toEqual({ cores: 1 })
  child.pin(1)
  expect(await child.ask({})).toEqual({ cores: 1 })
})

test('every child collects its garbage when it is asked to', async () => {
  expect(await start(['--expose-gc']).ask({ collect: true })).toEqual({})
})
