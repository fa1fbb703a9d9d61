/** How a run is made. */
export interface Run {
  /** A smoke test: every side is run, and nothing is measured long enough to be believed. */
  readonly quick: boolean
  /** For files; gone after the run. */
  readonly folder: string
}

/** What one measurement gives. */
export interface Sample {
  /** In the row's unit. */
  readonly value: number
  /** The same by the clock of the process's processor time, which minds less what else the machine does. */
  readonly cpu?: number
}

/** A side that is ready to be measured again and again. */
export interface Probe {
  sample(): Promise<Sample>
  close(): Promise<void>
}

/** One of the things that a row compares; each call starts it anew, in a process of its own. */
export type Side = (run: Run) => Promise<Probe>

/** What is read off a row: a side alone, its ratio to another, or its difference from it. */
export interface Reading {
  readonly label: string
  readonly of: string
  readonly dividedBy?: string
  readonly minus?: string
  /** What the project aims at; a reading without is reported only. */
  readonly goal?: Goal
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** A row of the table: sides that are measured in turns, and what is read off them. */
export interface Row {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** Of the sides' values. */
  readonly unit: string
  readonly sides: Readonly<Record<string, Side>>
  readonly readings: readonly Reading[]
  /** How often every side is started anew. Default 3. */
  readonly starts?: number
  /** How often it is measured each time. Default 10. */
  readonly samples?: number
}

/** Node 24 brought another way of keeping the context, which costs twenty times as much a `run`. */
export const NODE: number = Number(process.versions.node.split('.')[0])
