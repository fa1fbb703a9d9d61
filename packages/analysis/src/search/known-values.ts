import { LEDGER_KIND, type Span, serviceOf } from '@trace/core/spans'

/** What a store has that a search may name: to be suggested. */
export interface StoredValues {
  readonly services: readonly string[]
  readonly kinds: readonly string[]
  readonly names: readonly string[]
  readonly hosts: readonly string[]
  /** Data keys. */
  readonly keys: readonly string[]
}

/** As many spans are looked at: enough for what a program does again and again. */
const MOST_SPANS = 2_000
/** As many values are kept of each sort, and none that is longer, in characters: nobody types those. */
const MOST_VALUES = 500
const LONGEST = 200

/** Collects what spans have that a search may name. Its memory is bounded. */
export class ValueCollector {
  readonly #found = { services: new Set(), kinds: new Set(), names: new Set(), hosts: new Set(), keys: new Set() } as {
    readonly [Key in keyof StoredValues]: Set<string>
  }
  #spans = 0

  /** @returns whether that is enough */
  add({ process, kind, name, data }: Span): boolean {
    if (kind === LEDGER_KIND || this.#spans >= MOST_SPANS) return this.#spans >= MOST_SPANS
    this.#spans++
    const { services, kinds, names, hosts, keys } = this.#found
    keep(services, serviceOf(process))
    keep(kinds, kind)
    keep(names, name)
    keep(hosts, /:\d+@(.*)$/s.exec(process)?.[1] ?? '')
    for (const key in data) keep(keys, key)
    return false
  }

  values(): StoredValues {
    const { services, kinds, names, hosts, keys } = this.#found
    return { services: [...services], kinds: [...kinds], names: [...names], hosts: [...hosts], keys: [...keys] }
  }
}

function keep(values: Set<string>, value: string): void {
  if (value !== '' && value.length <= LONGEST && values.size < MOST_VALUES) values.add(value)
}
