/**
 * Each bucket is 2% wider than the one before, so that the middle of a bucket is within 1% of what is in it. This is the bucketing of
 * DDSketch (https://arxiv.org/abs/1908.10693) with an error of 1%.
 */
const GROWTH = 1.02
const LOG_GROWTH = Math.log(GROWTH)
/** By how many buckets the memory grows: spans of one sort take durations of a few decades, of 116 buckets each. */
const STEP = 64

/** Counts durations in buckets: percentiles within 1%, in at most 9 kB however many durations there are. */
export class Histogram {
  count = 0
  /** Sum of all, in ns. */
  total = 0
  /** The longest, exactly, in ns; 0 if there are none. */
  max = 0
  /** The shortest above 0, exactly, in ns; `Infinity` if there are none. */
  min: number = Infinity
  /** How many are not above 0: a clock stood or ran backwards. */
  #zeros = 0
  #first = 0
  #counts = new Uint32Array(0)

  /** @param duration in ns */
  add(duration: number): void {
    this.count++
    if (!(duration > 0)) {
      this.#zeros++
      return
    }
    this.total += duration
    if (duration > this.max) this.max = duration
    if (duration < this.min) this.min = duration
    const bucket = Math.max(0, Math.ceil(Math.log(duration) / LOG_GROWTH))
    if (bucket < this.#first || bucket >= this.#first + this.#counts.length) this.#makeRoomFor(bucket)
    const at = bucket - this.#first
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }

  #makeRoomFor(bucket: number): void {
    const first = Math.floor(bucket / STEP) * STEP
    const isEmpty = this.#counts.length === 0
    const from = isEmpty ? first : Math.min(this.#first, first)
    const to = isEmpty ? first + STEP : Math.max(this.#first + this.#counts.length, first + STEP)
    const counts = new Uint32Array(to - from)
    if (!isEmpty) counts.set(this.#counts, this.#first - from)
    this.#first = from
    this.#counts = counts
  }

  /**
   * The duration that a share of all do not exceed, in ns, within 1%; 0 if there are none.
   *
   * @param share 0 … 1, such as 0.99
   */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.count))
    for (const { value, count } of this.buckets()) {
      left -= count
      if (left <= 0) return value === 0 ? 0 : Math.max(this.min, Math.min(value, this.max))
    }
    return this.max
  }

  /** The buckets that are not empty, from the shortest duration on. */
  *buckets(): Generator<{ readonly bucket: number; readonly value: number; readonly count: number }> {
    if (this.#zeros > 0) yield { bucket: -1, value: 0, count: this.#zeros }
    for (const [at, count] of this.#counts.entries()) {
      if (count > 0) yield { bucket: this.#first + at, value: middleOf(this.#first + at), count }
    }
  }

  /**
   * How many there are in some ranges that are equally wide on a logarithmic scale.
   *
   * @param from where the first range begins, and `to` where the last ends, in ns
   */
  shape(from: number, to: number, ranges: number): number[] {
    const counts = new Array<number>(ranges).fill(0)
    const [low, high] = [Math.log(Math.max(1, from)), Math.log(Math.max(1, to))]
    for (const { value, count } of this.buckets()) {
      const share = high > low ? (Math.log(Math.max(1, value)) - low) / (high - low) : 0
      const at = Math.min(ranges - 1, Math.max(0, Math.floor(share * ranges)))
      counts[at] = (counts[at] ?? 0) + count
    }
    return counts
  }
}

function middleOf(bucket: number): number {
  return (2 * GROWTH ** bucket) / (1 + GROWTH)
}
