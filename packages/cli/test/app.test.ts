import { expect, test } from '@jest/globals'
import { trace } from './support/run.js'

test('without a command it says which there are; with --version, which version it is', async () => {
  const { code, out } = await trace([])
  expect(code).toBe(0)
  expect(out).toContain('trace ls')
  expect(out).toContain('EXIT CODES')
  expect(await trace(['--version'])).toMatchObject({ code: 0, out: '0.0.0\n' })
})

test('trace help is trace --help, of a command too', async () => {
  expect(await trace(['help'])).toEqual(await trace(['--help']))
  expect(await trace(['help', 'ls'])).toEqual(await trace(['ls', '--help']))
  expect((await trace(['help', 'ls'])).out).toContain('trace ls')
})

test.each([
  [['lss'], 'No command registered for `lss`, did you mean `ls`?'],
  [['ls', '--mn', '3ms'], 'No flag registered for --mn, did you mean --min?'],
  [['ls', '--min', '3'], 'expected a duration with its unit, such as 200ms, 15m, 2h or 7d, got 3'],
  [
    ['ls', '--since', 'yesterday'],
    'expected a duration ago, such as 15m, or a time such as 2026-01-31T09:30, got yesterday',
  ],
  [['ls', '--limit', '0'], 'expected a whole number above 0, got 0'],
  [['show', 'last', '--budget', '8'], 'expected a number of bytes, at least 200, such as 8k, got 8'],
  [['ls', 'kind:db', 'statsu:error'], '  kind:db statsu:error\n          ^^^^^^\n'],
  [['show', 'first'], "expected a trace's id, the beginning of one, last or last-error, got first"],
  [['show', '1'.repeat(21)], 'an id has at most 20 digits'],
  [['show', 'last-eror'], 'got last-eror (did you mean last-error?)'],
  [['ls', '--from', 'ftp://x'], 'unknown scheme ftp:'],
])('%j is misuse: %s', async (args, message) => {
  const { code, out, err } = await trace([...args, ...(args.includes('first') ? ['-f', 'none.jsonl'] : [])])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(message)
  expect(err).toMatch(/^trace: /)
})
