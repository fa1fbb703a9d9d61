import { join, sep } from 'node:path'
import { onOneLine, type Span } from '@trace/core/spans'

/** Where spans stand in their stores, such as `logs/traces.yaml:1204`. */
export class Places {
  readonly #folder: string
  readonly #places = new WeakMap<Span, string>()

  /** @param cwd paths below it are given from it on */
  constructor(cwd: string) {
    this.#folder = join(cwd, sep)
  }

  readonly onPlace = (span: Span, place: string): void => {
    const shorter = place.startsWith(this.#folder) ? place.slice(this.#folder.length) : place
    this.#places.set(span, onOneLine(shorter, MOST_CHARACTERS))
  }

  /** Undefined if its store does not tell. */
  of(span: Span): string | undefined {
    return this.#places.get(span)
  }
}

/** The longest path that Linux takes, and a line. */
const MOST_CHARACTERS = 4_200
