/** The median and the interquartile range of some numbers. */
export interface Spread {
  readonly median: number
  /** The first quartile. */
  readonly low: number
  /** The third quartile. */
  readonly high: number
}

/** @throws {RangeError} if there are no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

/**
 * Interpolates linearly between the two nearest values.
 *
 * @param sorted in ascending order
 * @param part from 0 to 1
 * @throws {RangeError} if there are no values
 */
export function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)]
  const above = sorted[Math.ceil(place)]
  if (below === undefined || above === undefined) throw new RangeError('there are no values')
  return below + (above - below) * (place - Math.floor(place))
}
