import type { ReadReport } from '../contract/reader.js'

/** How many skipped records are listed one by one; see `ReadReport`. */
export const MAX_PLACES = 10

/** What a read has skipped. */
export class Report implements ReadReport {
  skipped = 0
  places: { readonly at: string; readonly reason: string }[] = []
  #file = ''

  /** Names the file that is read from now on, where there are several. */
  enter(file: string): void {
    this.#file = `${file}, `
  }

  /** What was skipped since the last call. */
  take(): ReadReport {
    const { skipped, places } = this
    this.skipped = 0
    this.places = []
    return { skipped, places }
  }

  /** Counts a skipped record. @param at its place, in bytes from the start of the file */
  skip(at: number, reason: string): void {
    this.skipped++
    if (this.places.length < MAX_PLACES) this.places.push({ at: `${this.#file}byte ${at}`, reason })
  }
}
