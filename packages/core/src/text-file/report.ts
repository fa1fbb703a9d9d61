import type { ReadReport } from '../contract/reader.js'

/** How many of the records that were passed over are told one by one: as `ReadReport` says. */
const MAX_PLACES = 10

/** What was passed over in a read. */
export class Report implements ReadReport {
  skipped = 0
  readonly places: { readonly at: string; readonly reason: string }[] = []

  /** Counts something that was passed over. @param at in bytes from the start of the file */
  skip(at: number, reason: string): void {
    this.skipped++
    if (this.places.length < MAX_PLACES) this.places.push({ at: `byte ${at}`, reason })
  }
}
