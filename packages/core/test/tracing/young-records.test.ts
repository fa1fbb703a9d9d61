import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'

const core = new URL('../../dist/index.js', import.meta.url).href

/**
 * Which literals V8 finds to make what lives long, in a program whose spans wait for up to 512 others: each collection finds nearly all that were
 * made since the one before.
 *
 * @param hasEvents whether each span has one
 * @param control a literal of the program itself
 */
function tenured(hasEvents: boolean, control: string): readonly string[] {
  const program = `
    import assert from 'node:assert'
    import { createTracer, dataToWrite } from ${JSON.stringify(core)}
    const record = async ([span]) => {
      assert.deepStrictEqual(span, { ...span })
      assert.equal(Object.getPrototypeOf(span), Object.prototype)
    }
    const tracer = createTracer({ recorder: { name: 'none', record } })
    const [garbage, waiting] = [[], []]
    for (let turn = 0; turn < 100; turn++) {
      for (let made = 0; made < 300; made++) {
        const span = tracer.start('kind', 'name', { root: true })
        dataToWrite(span).made = made
        if (${hasEvents}) span.event('event', { made })
        span.finish()
        garbage[made % 10] = new Array(100).fill(made)
        waiting[(turn * 300 + made) % 3_000] = ${control}
      }
      await new Promise(setImmediate)
    }
    await tracer.close()
    console.log(tracer.stats().recorded)`
  // V8 notes only what code that is not optimized makes. It decides once the young generation has its full size.
  const flags = ['--no-opt', '--no-maglev', '--max-semi-space-size=1', '--trace-pretenuring-statistics']
  const args = [...flags, '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^30000$/m)
  return stdout.split('\n').filter((line) => line.includes('=> tenure'))
}

test('what is recorded is an object like any literal, and V8 finds no literal whose objects wait in the queue', () => {
  expect(tenured(false, 'undefined')).toEqual([])
  expect(tenured(true, 'undefined')).toEqual([])
  expect(tenured(false, '{ made, turn }')).not.toEqual([])
})
