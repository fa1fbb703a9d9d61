import { isUtf8 } from 'node:buffer'
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

/** How many pairs of bytes to look at for UTF-16: an ASCII character has one byte of 0 in each pair. */
const PAIRS = 3

/** Why bytes cannot be read as UTF-8, and what to do about it; undefined if they can. */
export function encodingProblem(bytes: Buffer): string | undefined {
  const nul = bytes.indexOf(0)
  if (nul >= 0 && isUtf16(bytes.subarray(nul, nul + 2 * PAIRS))) {
    return 'it is in UTF-16; convert it, such as by iconv -f UTF-16 -t UTF-8'
  }
  return isUtf8(bytes) ? undefined : 'it is not UTF-8'
}

/** @param bytes the bytes from the first 0 on */
function isUtf16(bytes: Buffer): boolean {
  return bytes.length > PAIRS && bytes.every((byte, at) => (byte === 0) === (at % 2 === 0))
}
