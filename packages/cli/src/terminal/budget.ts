/** How many bytes are kept for the line that says what was left out. */
const RESERVE = 160

export function bytesOfLines(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
}

/**
 * Leaves out the last lines if there are too many bytes, and says how many.
 *
 * @param most how many bytes; undefined for any number
 * @param hint how to see the rest
 */
export function cutLines(lines: readonly string[], most: number | undefined, hint: string): string[] {
  if (most === undefined || bytesOfLines(lines) <= most) return [...lines]
  const kept: string[] = []
  let bytes = RESERVE
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    if (bytes > most) break
    kept.push(line)
  }
  return [...kept, `… ${lines.length - kept.length} more lines: ${hint}`]
}
