import type { ListedTrace } from '../frame/api.js'

/** In pixels. */
export const HEIGHT = 150
export const MARGIN = { left: 64, right: 12, top: 10, bottom: 22 }
/** A click that is not quite on a dot, in pixels. */
const NEAR = 12

/** Where times and durations are in a scatter. */
export interface Scale {
  /** In pixels. */
  readonly width: number
  /** Times, in ms since the epoch. */
  readonly from: number
  readonly to: number
  /** Durations, in ns; the scale of these is logarithmic. */
  readonly least: number
  readonly most: number
}

export function scaleOf(traces: readonly ListedTrace[], width: number): Scale {
  let [from, to, least, most] = [Infinity, -Infinity, Infinity, 1]
  for (const trace of traces) {
    const at = Number(trace.start) / 1e6
    const lasted = lastedOf(trace)
    from = Math.min(from, at)
    to = Math.max(to, at)
    // An open one, or one of no length, would press the others together at the top.
    if (lasted > 1) least = Math.min(least, lasted)
    most = Math.max(most, lasted)
  }
  if (from === Infinity) [from, to, least] = [Date.now() - 60_000, Date.now(), 1]
  if (to - from < 1) [from, to] = [from - 500, to + 500]
  return { width, from, to, least: Math.max(1, Math.min(least, most / 10)), most }
}

/** In ns; of one that has not finished, as little as can be: at the bottom. */
function lastedOf({ duration: lasted }: ListedTrace): number {
  return lasted === undefined || lasted < 1n ? 1 : Number(lasted)
}

/** @param time in ms since the epoch */
export function columnOf(scale: Scale, time: number): number {
  const inner = scale.width - MARGIN.left - MARGIN.right
  return MARGIN.left + ((time - scale.from) / (scale.to - scale.from)) * inner
}

/** @param lasted in ns */
export function lineOf(scale: Scale, lasted: number): number {
  const inner = HEIGHT - MARGIN.top - MARGIN.bottom
  const share = (Math.log(lasted) - Math.log(scale.least)) / (Math.log(scale.most) - Math.log(scale.least) || 1)
  return HEIGHT - MARGIN.bottom - Math.max(0, Math.min(1, share)) * inner
}

/** Where the dot of a trace is. */
export function dotOf(scale: Scale, trace: ListedTrace): readonly [x: number, y: number] {
  return [columnOf(scale, Number(trace.start) / 1e6), lineOf(scale, lastedOf(trace))]
}

/** In ms since the epoch. */
export function timeAt(scale: Scale, x: number): number {
  const inner = scale.width - MARGIN.left - MARGIN.right
  return scale.from + (Math.max(0, Math.min(inner, x - MARGIN.left)) / inner) * (scale.to - scale.from)
}

/** The trace whose dot is next to a place, if it is near. */
export function nearest(
  traces: readonly ListedTrace[],
  scale: Scale,
  [x, y]: readonly [number, number],
): ListedTrace | undefined {
  let found: ListedTrace | undefined
  let least = NEAR ** 2
  for (const trace of traces) {
    const [column, line] = dotOf(scale, trace)
    const away = (column - x) ** 2 + (line - y) ** 2
    if (away < least) [least, found] = [away, trace]
  }
  return found
}
