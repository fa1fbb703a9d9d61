import { masked, withoutIds } from './exchange.js'
import type { Form } from './forms.js'
import type { Kind, Visible } from './servers.js'
import type { Seen } from './side.js'

/** How a traced server differs from the same server without tracing. */
export interface Difference {
  readonly what: string
  readonly bare: unknown
  readonly traced: unknown
}

/** @returns undefined if nothing differs except what the README says that tracing adds */
export function differenceOf(kind: Kind, form: Form, bare: Seen, traced: Seen): Difference | undefined {
  const expected = facts(bare, idsFor(form, bare.text), kind, kind.adds)
  const { rest, count } = withoutIds(traced.text)
  const got = facts({ ...traced, text: rest }, count, kind, NOTHING)
  for (const [what, value] of expected) {
    const same = JSON.stringify(value) === JSON.stringify(got.get(what))
    if (!same) return { what, bare: value, traced: got.get(what) }
  }
  return undefined
}

/** How many heads must carry an id: all but those of interim responses, and those for which the program prevents it. */
function idsFor({ isWithoutId = false }: Form, text: string): number {
  const heads = text.match(/(HTTP\/1\.1 |:status: )\d{3}.*?\r\n(\r\n|body )/gs) ?? []
  const final = heads.filter((head) => /^\S+ [2-9]/.test(head) || /^date: /im.test(head))
  const without = final.filter((head) => !/^x-request-id: /im.test(head)).length
  return Math.max(0, without - (isWithoutId ? 1 : 0))
}

const NOTHING: Visible = { requestKeys: [], responseKeys: [], listeners: {} }

/** @param adds what tracing adds, as the README says */
function facts(
  { text, journal }: Seen,
  ids: number,
  { moves = [] }: Kind,
  adds: Visible,
): ReadonlyMap<string, unknown> {
  const { lines = [], requestKeys = [], responseKeys = [], connection = {} } = journal ?? {}
  const keys = (found: readonly string[], added: readonly string[]): readonly string[] =>
    journal === undefined ? [] : [...new Set([...found, ...added])].filter((key) => !moves.includes(key)).sort()
  return new Map<string, unknown>([
    ['text', masked(text).split('\r\n')],
    ['ids', ids],
    ['lines', lines],
    ['request keys', keys(requestKeys, adds.requestKeys)],
    ['response keys', keys(responseKeys, adds.responseKeys)],
    ['listeners of the connection', journal && sum(connection, adds.listeners)],
  ])
}

function sum(counts: Readonly<Record<string, number>>, more: Readonly<Record<string, number>>): [string, number][] {
  const events = [...new Set([...Object.keys(counts), ...Object.keys(more)])].sort()
  return events.map((event) => [event, (counts[event] ?? 0) + (more[event] ?? 0)])
}
