import { onOneLine } from '@trace/core/spans'

/** How many examples of a finding are given. */
export const MOST_EXAMPLES = 3

/** Counts by key, with up to three examples each. */
export class Tally {
  readonly #counts = new Map<string, { count: number; readonly examples: string[] }>()

  add(key: string, example: string, count = 1): void {
    const known = this.#counts.get(key) ?? { count: 0, examples: [] }
    this.#counts.set(key, known)
    known.count += count
    if (known.examples.length < MOST_EXAMPLES) known.examples.push(onOneLine(example))
  }

  map<T>(findingOf: (key: string, count: number, examples: readonly string[]) => T): T[] {
    const all = [...this.#counts].sort(([, a], [, b]) => b.count - a.count)
    return all.map(([key, { count, examples }]) =>
      findingOf(
        key
          .split('\n')
          .map((word) => onOneLine(word, 80))
          .join('\n'),
        count,
        examples,
      ),
    )
  }
}
