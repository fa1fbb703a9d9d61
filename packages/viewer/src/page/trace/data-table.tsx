import type { PlainData, PlainValue } from '@trace/core/spans'
import type { JSX } from 'preact'
import { set } from '../frame/location.js'
import { quoted } from '../frame/search-box.js'

/** The data of a span, event or link, a row for each key; each value can be searched for in the trace, if it is the span's own. */
export function DataTable({
  data,
  finds = false,
}: {
  readonly data: PlainData
  readonly finds?: boolean
}): JSX.Element | null {
  const entries = Object.entries(data)
  if (entries.length === 0) return null
  return (
    <table class="facts">
      <tbody>
        {entries.map(([key, value]) => (
          <tr key={key}>
            <th scope="row" class="mono">
              {key}
            </th>
            <td>
              <pre>{laidOut(value)}</pre>
              {finds && typeof value !== 'object' && (
                <button
                  type="button"
                  class="link"
                  onClick={() => set({ q: `@${quoted(key)}:${quoted(textOf(value))}` })}
                  title="Search this trace for this value"
                >
                  find
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function textOf(value: PlainValue): string {
  return typeof value === 'string' ? value : laidOut(value)
}

export function isMap(value: PlainValue | undefined): value is PlainData {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Longer text is not laid out as JSON: it would hold up the page. In characters. */
const MOST_JSON = 1_000_000

/** JSON with a line for each value; text that is itself JSON is laid out too. */
export function laidOut(value: PlainValue): string {
  if (typeof value === 'string') {
    if (value.length > MOST_JSON || !/^\s*[[{]/.test(value)) return value
    try {
      JSON.parse(value)
    } catch {
      return value
    }
    return indented(value)
  }
  try {
    return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)
  } catch {
    return '(too many levels to be shown)'
  }
}

/** Deeper levels are not moved further to the right. */
const MOST_INDENTS = 32
/** What stands in JSON: texts, brackets, and all that is between them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g

/** JSON as it is, but with line breaks: a parser would round large integers. */
function indented(json: string): string {
  let [text, level, last] = ['', 0, '']
  const newLine = (): string => `\n${'  '.repeat(Math.min(level, MOST_INDENTS))}`
  for (const [token] of json.matchAll(TOKENS)) {
    const closes = token === '}' || token === ']'
    if (closes) level--
    const isEmpty = closes && (last === '{' || last === '[')
    const begins = last === '{' || last === '[' || last === ','
    if (!isEmpty && (closes || begins)) text += newLine()
    text += token === ':' ? ': ' : token
    if (token === '{' || token === '[') level++
    last = token
  }
  return text
}
