/** What holds for all rows of one run. */
export interface Run {
  /** A smoke test: every side runs for a moment, and the numbers mean nothing. */
  readonly quick: boolean
  /** A folder for files. It is deleted after the run. */
  readonly folder: string
  /** How many spans the generated file has that the command is asked of. */
  readonly spans: number
}

/** The result of one measurement. */
export interface Sample {
  /** In the row's unit. */
  readonly value: number
  /** The same value by processor time, which depends less on what else the machine does. */
  readonly cpu?: number
  /** Other figures that the same measurement gave, by name. */
  readonly others?: Readonly<Record<string, number>>
}

/** A side that has started and can be measured again and again. */
export interface Probe {
  sample(): Promise<Sample>
  close(): Promise<void>
}

/** One of the things that a row compares. Each call starts it anew, in a process of its own. */
export type Side = (run: Run) => Promise<Probe>

/**
 * A figure that is computed from a row: the value of one side, its ratio to another's, or its difference from it. With both `dividedBy`
 * and `minus` it is the ratio of what the two have more than the third, for each by the median over all turns. In one turn that may be a
 * difference of little but noise, and so may be what it is divided by. The interquartile range is then that of the starts.
 */
export interface Reading {
  readonly label: string
  readonly of: string
  readonly dividedBy?: string
  readonly minus?: string
  /** The name of another figure of the samples, in place of their value. */
  readonly figure?: string
  /** What the project aims at. A reading without a goal is only reported. */
  readonly goal?: Goal
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** A row of the table: sides that are measured in turns, and the readings that are computed from them. */
export interface Row {
  /** What `--only` selects it by. */
  readonly name: string
  readonly title: string
  /** The unit of the sides' values. */
  readonly unit: string
  readonly sides: Readonly<Record<string, Side>>
  readonly readings: readonly Reading[]
  /** Says in one sentence why the row cannot be measured here, if it cannot. It is then left out. */
  readonly obstacle?: () => string | undefined
  /** How often every side is started. Default 3. */
  readonly starts?: number
  /** How often every side is measured after each start. Default 10. */
  readonly samples?: number
  /**
   * Of how many measurements, in turns with those of the other sides, each sample is the mean. Default 1. The more of them, and the
   * shorter they are, the less it matters that the machine's speed changes.
   */
  readonly bursts?: number
}

/** The major version of Node. Some goals differ from 24 on, where `AsyncLocalStorage.run` takes twenty times as long. */
export const NODE_MAJOR: number = Number(process.versions.node.split('.')[0])
