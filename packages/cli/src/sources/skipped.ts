import type { ReadReport } from '@trace/core'
import { onOneLine } from '@trace/core/spans'
import { type Context, note } from '../terminal/context.js'

/** Says on standard error what a read has left out. */
export function noteSkipped(context: Context, { skipped, places, incomplete }: ReadReport): void {
  if (skipped > 0) {
    const [first] = places
    const where = first === undefined ? '' : `; the first, at ${onOneLine(first.at)}: ${onOneLine(first.reason)}`
    note(context, `${skipped} ${skipped === 1 ? 'record was' : 'records were'} skipped: not whole spans${where}`)
  }
  if (incomplete !== undefined)
    note(context, onOneLine(incomplete).replace('see the option margin', '--whole reads all'))
}
