import { readFileSync } from 'node:fs'

/** A piece of code in a README. */
export interface Snippet {
  /** Such as `packages/core/README.md:12`. */
  readonly at: string
  readonly language: string
  readonly code: string
  /** What the README says it prints: the `text` block right behind it. */
  readonly prints: string | undefined
  /** For a program that stays up: the path to GET, in a comment right before it: `<!-- GET /users/7 -->`. */
  readonly get: string | undefined
  /** For a program that needs a server, which its package's own test of the README starts: `<!-- NEEDS postgresql -->`. */
  readonly needs: string | undefined
}

const FENCE = /^(?:<!-- (?:GET|(NEEDS)) (\S+) -->\n+)?```(\w+)\n([\s\S]*?)^```\n(?:\n*```text\n([\s\S]*?)^```\n)?/gm

/** All pieces of code in a README, in order. */
export function snippetsOf(file: string, name: string): Snippet[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(FENCE)].map(
    ({ index, 1: isNeeded, 2: word, 3: language = '', 4: code = '', 5: prints }) => ({
      at: `${name}:${text.slice(0, index).split('\n').length}`,
      language,
      code,
      prints,
      get: isNeeded === undefined ? word : undefined,
      needs: isNeeded === undefined ? undefined : word,
    }),
  )
}
