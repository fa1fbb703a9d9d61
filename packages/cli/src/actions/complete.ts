import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { completeSearch, ValueCollector } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import { onOneLine } from '@trace/core/spans'
import { isSource } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { quoted } from '../sources/words.js'
import type { Context } from '../terminal/context.js'

/** What may stand at a place: a store, the condition of a search, the id of a trace. */
export type Place = 'store' | 'condition' | 'id'

/** How long a person waits for what completes a word, in ms. */
const PATIENCE = 3_000
/** How many of the newest traces are offered by their ids. */
const MOST_IDS = 20
/** What is longer nobody chooses from a list, in characters. */
const LONGEST = 200

/**
 * Completes a word. What cannot be read completes nothing: this is no place for messages.
 *
 * @param partial what is typed of it
 * @param places what may stand there
 */
export async function complete(context: Context, partial: string, places: readonly Place[]): Promise<string[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE)])
  const words: string[] = []
  if (places.includes('store')) words.push(...(await storesAt(context.cwd, partial).catch(() => [])))
  try {
    if (places.includes('id') && (/^\d/.test(partial) || 'last-error'.startsWith(partial)))
      words.push(...(await idsIn(context, signal)))
    if (places.includes('condition')) words.push(...(await conditions(context, partial, signal)))
  } catch {
    // There is no store, or it cannot be read.
  }
  // The names are those of whoever wrote the store.
  const printable = words.filter((word) => word.startsWith(partial) && onOneLine(word, LONGEST) === word)
  return [...new Set(printable)]
}

/** The stores, and the folders, that a path may become. */
async function storesAt(cwd: string, partial: string): Promise<string[]> {
  const folder = partial.slice(0, partial.lastIndexOf('/') + 1)
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true })
  return entries
    .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || isSource(entry.name)))
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}

/** The stores that the words before name, or else the default. */
function opened(context: Context): Promise<TraceReader> {
  const { typed = [] } = context
  return openSources(
    context,
    typed.filter((word, at) => isSource(word) || ['-f', '--from'].includes(typed[at - 1] ?? '')),
  )
}

async function idsIn(context: Context, signal: AbortSignal): Promise<string[]> {
  const { traces } = await (await opened(context)).traces({ limit: MOST_IDS }, { signal })
  return ['last', 'last-error', ...traces.map(({ traceId }) => String(traceId))]
}

/** Fields, and the values that the newest spans of the store have. */
async function conditions(context: Context, partial: string, signal: AbortSignal): Promise<string[]> {
  const values = new ValueCollector()
  if (/[:@]/.test(partial)) {
    // Some fields have the same values in any store.
    const reader = await opened(context).catch(() => undefined)
    await reader?.traces({ limit: 1, where: (span) => values.add(span) }, { signal })
  }
  const { from, options } = completeSearch(
    quoted(partial).replace(/\s.*"$/s, (rest) => rest.slice(0, -1)),
    values.values(),
  )
  return options.map((option) => plain(partial.slice(0, from) + option))
}

/** A condition without quotes, where they are put back; see {@link quoted}. */
function plain(condition: string): string {
  const without = condition.replace(/^([^"]*:)"([^"\\]*)"$/, '$1$2')
  return quoted(without) === condition ? without : condition
}
