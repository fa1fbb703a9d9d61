import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { stands } from '../support/stands.js'
import { masked, wrongOf, wrongOfRefused } from './check.js'
import { type Answer, askHttp1, askHttp2, type Client, GONE } from './clients.js'
import { type FormatName, type HeaderSet, headerSets } from './headers.js'
import { isMalformed, judge } from './oracle.js'
import { openTarget, wrongLines } from './target.js'

/** Fixed, so that each run has the same sets. For others, run `FUZZ_SEED=7 npm test -- fuzz`. */
const seed = Number(process.env['FUZZ_SEED'] ?? 42)

/** Sends the same sets of headers to every kind of server, and compares the results with an oracle. */
export function fuzz(format: FormatName, count: number): void {
  describe(`${count} sets of headers for ${format}`, () => {
    let good: readonly HeaderSet[] = []
    let bad: readonly HeaderSet[] = []

    beforeAll(() => {
      const sets = fc.sample(headerSets(format), { numRuns: count, seed })
      good = sets.filter((set) => !isMalformed(set))
      bad = sets.filter(isMalformed)
    })

    test('they are of every sort', () => {
      const verdicts = good.map((set) => judge(set, format))
      const joining = verdicts.filter(({ caller, isTrusted }) => caller !== undefined && isTrusted)
      const untrusted = verdicts.filter(({ caller, isTrusted }) => caller !== undefined && !isTrusted)
      const sizes = [joining.length, untrusted.length, count - joining.length - untrusted.length, bad.length]
      expect({ seed, sizes, least: Math.min(...sizes) > count / 500 }).toMatchObject({ least: true })
    })

    test.each(Object.entries(stands))('%s', async (_, stand) => {
      const client = 'http2' in stand ? askHttp2 : askHttp1
      const target = await openTarget(stand, format)
      const { plain, answers, refused } = await ask(client, target.port, { good, bad }).finally(target.stop)
      const gathered = await target.gather()
      const outcome = { format, plainHead: masked(plain?.head ?? ''), ...gathered }
      const wrong = [
        ...found(good, (set, at) => wrongOf(set, answers[at], outcome)),
        ...found(bad, (_set, at) => wrongOfRefused(refused[at] ?? GONE)),
        ...wrongLines(gathered),
        ...gathered.warnings,
      ]
      expect({ seed, wrong: wrong.slice(0, 3) }).toEqual({ seed, wrong: [] })
      const { stats, spans } = gathered
      expect(stats).toMatchObject({ open: 0, badInput: 0, started: spans.size + stats.unsampled })
    })
  })
}

async function ask(client: Client, port: number, { good, bad }: Record<'good' | 'bad', readonly HeaderSet[]>) {
  const [plain] = await client(port, [[]])
  return { plain, answers: await askAll(client, port, good), refused: await askEach(client, port, bad) }
}

const CONNECTIONS = 4

/** Sends the sets over a few connections at a time, each with many requests under way. */
async function askAll(client: Client, port: number, sets: readonly HeaderSet[]): Promise<readonly Answer[]> {
  const each = Math.ceil(sets.length / CONNECTIONS)
  const parts = Array.from({ length: CONNECTIONS }, (_, at) => sets.slice(at * each, (at + 1) * each))
  const answers = await Promise.all(parts.map((part) => client(port, part)))
  // A connection that was closed early has fewer responses than requests.
  return answers.flatMap((part, at) => [
    ...part,
    ...Array.from({ length: (parts[at]?.length ?? 0) - part.length }, () => GONE),
  ])
}

/** Sends each set over a connection of its own, which the server may close. */
async function askEach(client: Client, port: number, sets: readonly HeaderSet[]): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const set of sets) answers.push((await client(port, [set]))[0] ?? GONE)
  return answers
}

/** Which sets had a wrong result, and what was wrong. */
function found(
  sets: readonly HeaderSet[],
  wrong: (set: HeaderSet, at: number) => string | undefined,
): readonly string[] {
  return sets.flatMap((set, at) => {
    const what = wrong(set, at)
    return what === undefined ? [] : [`${what}: ${JSON.stringify(set)}`]
  })
}
