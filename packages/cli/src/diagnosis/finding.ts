/** Something that is wrong, and what to do about it. */
export interface Finding {
  readonly finding:
    | 'lost-spans'
    | 'not-trusted'
    | 'header-dropped'
    | 'parent-missing'
    | 'clock-differs'
    | 'names-with-values'
    | 'never-ended'
    | 'torn-records'
    | 'read-in-part'
  /** What happened, where. */
  readonly what: string
  /** How often. */
  readonly count: number
  /** Where to look: up to three. */
  readonly examples: readonly string[]
  readonly advice: string
}
