import type { Tracer } from '@trace/core'

/** Makes one query or command, or has one job done. */
export type Ask = (id: number) => Promise<unknown>

/** A library whose calls have spans. */
export interface Library {
  /** How many calls wait for their answers at once. */
  readonly atOnce: number
  /** How many spans a call has. Default: 1 */
  readonly spans?: number
  /**
   * Connects to its server, or to what stands in for it.
   *
   * @param folder of the run, for files
   * @param tracer records a span for each call; nothing does by default
   */
  open(folder: string, tracer?: Tracer): Promise<Ask>
  /** Loads OpenTelemetry's instrumentation, which then records a span for each call. It has none for some. */
  readonly instrument?: () => Promise<unknown>
}
