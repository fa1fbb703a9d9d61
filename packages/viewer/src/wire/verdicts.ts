/** What is known of spans and a condition, by their places in the columns. */
export type Verdicts = Uint8Array

/** It does not meet the condition. */
export const NO = 0
/** The span itself must be asked. */
export const MAYBE = 1
/** It meets the condition. */
export const SURE = 2

/** Of the contrary. */
export function inverse(verdicts: Verdicts): Verdicts {
  return verdicts.map((verdict) => SURE - verdict)
}
