import { parseId } from '@trace/core'
import type { Propagator } from './propagator.js'

/** The name that the Go package gives the id header. */
export const DEFAULT_HEADER = 'X-Request-Id'

/** The ids that a caller sent. */
export interface CallerIds {
  /** 1 … 2^64−1. */
  readonly traceId: bigint
  /** 1 … 2^64−1. */
  readonly parentId: bigint
}

/** Two ids of 20 digits and a colon, with some leading zeros: what is longer is not looked at. */
const LONGEST_IDS = 64

/**
 * The id header of Go's `SpirentOrion/trace`: `traceId:spanId`, in decimal. It cannot say that a trace is not recorded.
 *
 * @param header its name; default `X-Request-Id`
 */
export function requestId(header: string = DEFAULT_HEADER): Propagator {
  const lowerCase = header.toLowerCase()
  return {
    headers: [header],
    extract: (get) => parseIdHeader(get(lowerCase)),
    inject: ({ traceId, spanId }, set) => set(header, `${traceId}:${spanId}`),
  }
}

/**
 * Reads an id header.
 *
 * @returns undefined for anything else; never throws
 */
export function parseIdHeader(value: string | undefined): CallerIds | undefined {
  if (value === undefined || value.length > LONGEST_IDS) return undefined
  const colon = value.indexOf(':')
  if (colon < 1) return undefined
  const traceId = parseId(value.slice(0, colon))
  if (traceId === undefined) return undefined
  const parentId = parseId(value.slice(colon + 1))
  return parentId === undefined ? undefined : { traceId, parentId }
}
