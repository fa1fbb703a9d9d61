/** One thing that is tried. */
export interface Cell {
  /** What it belongs to: a row of the table. */
  readonly group: string
  readonly name: string
  /**
   * @returns what is to be said of it, if anything
   * @throws where it does not work
   */
  run(): Promise<string | undefined>
}

/** A cell of something that says nothing where it works. */
export function cell(group: string, name: string, attempt: () => Promise<unknown>): Cell {
  return {
    group,
    name,
    run: async () => {
      await attempt()
      return undefined
    },
  }
}
