import type { SpanNode } from '@trace/analysis'
import { isFailed } from '../../wire/read.js'
import type { Keys } from '../frame/keys.js'
import { type Place, place, set } from '../frame/location.js'
import type { Line } from './line.js'
import type { LineList, LineTest } from './line-list.js'
import { placeOfLine } from './lines.js'
import type { TraceModel } from './model.js'
import { toggled } from './state.js'

/** Whether the details of the selected span are shown: a link to a span shows them. */
export function showsDetails({ span, details }: Place): boolean {
  return span !== undefined && details !== 'off'
}

/** Selects a line; its details are shown where those of another were. */
export function select(line: Line | undefined): void {
  if (line === undefined) return
  set({ span: line.id, details: showsDetails(place.value) ? undefined : 'off' })
}

/** The place of the line that is selected by now: keys may come faster than the page is drawn. */
function placeOf(model: TraceModel, lines: LineList): number {
  return placeOfLine(lines, model, place.value['span'])
}

/** Selects the next or previous line of some sort; none beyond the ends. */
export function step(model: TraceModel, lines: LineList, by: 1 | -1, among: LineTest): void {
  select(lines.at(lines.next(placeOf(model, lines) + by, by, among)))
}

/** Whether the line has failed, or hides something that has. */
export const showsError: LineTest = ({ failed, span }, failedBelow) => failed > 0 && (failedBelow > 0 || isFailed(span))

/** Whether there are errors before and after a line. */
export interface ErrorsAround {
  readonly before: boolean
  readonly after: boolean
}

/** The places of the first and the last line with an error; -1 where there is none. */
export function errorEnds(lines: LineList): readonly [number, number] {
  return [lines.next(0, 1, showsError), lines.next(lines.length - 1, -1, showsError)]
}

/** The keys that go from line to line, and open and close them. */
export function lineKeys(model: TraceModel, lines: LineList): Keys {
  const next = (): void => select(lines.at(Math.min(placeOf(model, lines) + 1, lines.length - 1)))
  const previous = (): void => select(lines.at(Math.max(placeOf(model, lines) - 1, 0)))
  return {
    j: next,
    k: previous,
    ArrowDown: next,
    ArrowUp: previous,
    Home: () => select(lines.at(0)),
    End: () => select(lines.at(lines.length - 1)),
    ArrowRight: () => {
      const selected = placeOf(model, lines)
      const line = lines.at(selected)
      if (line?.canToggle === true && line.isClosed) set(toggled(place.value, line))
      else if (lines.endOf(selected) > selected + 1) next()
    },
    ArrowLeft: () => {
      const selected = placeOf(model, lines)
      const line = lines.at(selected)
      if (line?.canToggle === true && !line.isClosed) set(toggled(place.value, line))
      else select(lines.at(lines.above(selected)))
    },
    '*': () => set({ closed: undefined, open: undefined, level: undefined, shut: undefined }),
    '-': () => set({ closed: undefined, open: undefined, level: '1' }),
    '[': () => changeLevels(model, -1),
    ']': () => changeLevels(model, 1),
  }
}

/** Opens one level more, or closes the last one that is open. */
function changeLevels({ levels }: TraceModel, by: 1 | -1): void {
  const level = Math.max(1, Math.min(levels, Number(place.value['level'] ?? levels)) + by)
  set({ closed: undefined, open: undefined, level: level < levels ? String(level) : undefined })
}

/** What is switched off in the URL, and on without it. */
export function toggleOff(name: 'critical' | 'folds' | 'gaps'): void {
  set({ [name]: place.value[name] === 'off' ? undefined : 'off' })
}

/** What part of time is shown, in ns from the start of the trace: as chosen, or that of the subtree that is shown, or all. */
export function rangeOf(
  duration: number,
  root: SpanNode | undefined,
  zoom: string | undefined,
): readonly [number, number] {
  const [, from, to] = /^(\d{1,18})-(\d{1,18})$/.exec(zoom ?? '') ?? []
  if (from !== undefined && to !== undefined && Number(to) > Number(from)) return [Number(from), Number(to)]
  return root === undefined || root.end <= root.start ? [0, Math.max(1, duration)] : [root.start, root.end]
}

export function zoomText([from, to]: readonly [number, number]): string {
  return `${Math.floor(from)}-${Math.ceil(to)}`
}

/** With a tenth of its length on both sides. */
export function zoomTo({ start, end }: Line, duration: number): string {
  const around = Math.max(1, (end - start) * 0.1)
  return zoomText([Math.max(0, start - around), Math.min(duration, end + around)])
}
