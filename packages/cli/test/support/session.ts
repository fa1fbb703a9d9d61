import { idOf } from './story.js'

/** Commands whose text people read, without the stores that they read. */
export const SESSION: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '--errors'],
  ['ls', '--budget', '400'],
  ['show', String(idOf(10))],
  ['show', 'last-error', '--data'],
  ['show', 'last'],
  ['show', String(idOf(12))],
  ['show', String(idOf(12)), '--budget', '600'],
  ['stats'],
  ['stats', 'kind:db', '--by', '@item', '-n', '4'],
  ['stats', '--graph'],
  ['diff', 'host:host-2 name:"GET /report"', 'name:"nightly invoices"'],
  ['diff', String(idOf(1)), String(idOf(10))],
  ['doctor'],
]

/** A session as text: each command behind a `$`, then what it printed. */
export function sessionText(printed: readonly string[]): string {
  return printed.map((out, at) => `$ trace ${SESSION[at]?.map(shellWord).join(' ')}\n${out}`).join('\n')
}

function shellWord(word: string): string {
  return /^[\w@:.-]+$/.test(word) ? word : `'${word}'`
}
