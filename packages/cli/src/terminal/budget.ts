/** How wide tables are that have to fit into a budget, in columns. */
const NARROW = 60

export function bytesOfLines(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
}

/**
 * Leaves out the last lines if there are too many bytes.
 *
 * @param most how many bytes; undefined for any number
 * @param restOf the line that says what was left out and how to see it, by how many lines these are
 */
export function cutLines(
  lines: readonly string[],
  most: number | undefined,
  restOf: (left: number) => string,
): string[] {
  if (most === undefined || bytesOfLines(lines) <= most) return [...lines]
  for (let kept = fittingCount(lines, most); kept > 0; kept--) {
    const cut = [...lines.slice(0, kept), restOf(lines.length - kept)]
    if (bytesOfLines(cut) <= most) return cut
  }
  return [restOf(lines.length)]
}

/**
 * A table that has so many bytes at most: a narrower one where a wide one has too many, and then without its last rows.
 *
 * @param linesAt the table by its width in columns, with `heads` lines above the rows
 * @param restOf the line that says what was left out, by the number of rows; 0 if only columns were
 */
export function cutTable(
  linesAt: (width: number) => readonly string[],
  { width, most, heads = 1 }: { readonly width: number; readonly most: number | undefined; readonly heads?: number },
  restOf: (left: number) => string,
): string[] {
  const whole = linesAt(width)
  if (most === undefined || bytesOfLines(whole) <= most) return [...whole]
  const narrow = linesAt(Math.min(width, NARROW))
  const all = [...narrow, restOf(0)]
  if (bytesOfLines(all) <= most) return all
  const cut = cutLines(all, most, (left) => restOf(left - 1))
  // A row says more than what stands above all rows.
  return cut.length > heads + 1 ? cut : cutLines(all.slice(heads), most, (left) => restOf(left - 1))
}

/** How many of the first lines have so many bytes at most. */
export function fittingCount(lines: readonly string[], most: number | undefined): number {
  let bytes = 0
  for (const [at, line] of lines.entries()) {
    bytes += Buffer.byteLength(line) + 1
    if (most !== undefined && bytes > most) return at
  }
  return lines.length
}
