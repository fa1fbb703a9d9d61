import type { Span } from '@trace/core/spans'
import { useEffect, useMemo } from 'preact/hooks'
import { prepareSearch } from '../../wire/data-index.js'
import { SURE } from '../../wire/sieve.js'
import type { Problem } from '../frame/api.js'
import { giveColors } from '../frame/colors.js'
import { type Place, place } from '../frame/location.js'
import type { LineList, LineTest } from './line-list.js'
import { type Choice, hiddenBy, Lines, lensLines, placeOfLine } from './lines.js'
import { Lens, lensOf, modelOf, type TraceModel } from './model.js'
import { type ErrorsAround, errorEnds, rangeOf } from './selection.js'
import { choiceOf } from './state.js'

/** What of a trace is shown, as the URL says. */
export interface View {
  readonly model: TraceModel
  readonly at: Place
  readonly choice: Choice
  readonly lines: LineList
  readonly lens: Lens | Problem | undefined
  /** How many lines were searched for; undefined where nothing was. */
  readonly matches: number | undefined
  readonly isMatch: LineTest
  /** The place of the selected line; -1 where it has none. */
  readonly selected: number
  /** Whether there are errors before and after the selected line. */
  readonly errors: ErrorsAround
  /** How many spans are hidden. */
  readonly hidden: number
  /** What part of time is shown, in ns from the start of the trace. */
  readonly range: readonly [number, number]
}

export function useView(spans: readonly Span[], ledgers: readonly Span[]): View {
  const at = place.value
  const { q = '', clocks, closed, level, open, folds, root, hide, min, shut } = at
  const isCorrected = clocks === 'corrected'
  const model = useMemo(() => modelOf({ spans, ledgers, isCorrected }), [spans, ledgers, isCorrected])
  useMemo(() => giveColors(model.services.map(({ name }) => name)), [model])
  const lens = useMemo(() => lensOf(model, q), [model, q])
  const choice = useMemo(() => choiceOf(model, at), [model, closed, level, open, folds, root, hide, min, shut])
  const whole = useMemo(() => new Lines(model), [model])
  const lines = useMemo(
    () => (lens instanceof Lens ? lensLines(model, choice, lens) : whole.linesFor(choice)),
    [whole, choice, lens],
  )
  const isMatch: LineTest = (node) => lens instanceof Lens && lens.verdicts[node.place] === SURE
  const selected = useMemo(() => placeOfLine(lines, model, at['span']), [lines, at['span']])
  const [firstError, lastError] = useMemo(() => errorEnds(lines), [lines])
  useEffect(() => inIdleTime(searchReady(model)), [model])
  return {
    model,
    at,
    choice,
    lines,
    lens,
    matches: useMemo(() => (lens instanceof Lens ? lines.count(lines.length, isMatch) : undefined), [lines, lens]),
    isMatch,
    selected,
    errors: { before: firstError >= 0 && firstError < selected, after: lastError > selected },
    hidden: useMemo(() => hiddenBy(choice, model), [model, hide, min]),
    range: rangeOf(model.tree.duration, choice.root, at['zoom']),
  }
}

/** Makes ready what the first search needs. */
function* searchReady({ spans, sieve }: TraceModel): Generator<void> {
  yield* prepareSearch(spans)
  yield* sieve()?.prepare() ?? []
}

/** How much time a step may need, in ms. */
const STEP = 9

/** Goes on step by step while the page has nothing else to do, in browsers that tell. @returns what ends it */
function inIdleTime(steps: Generator<void>): () => void {
  window.requestIdleCallback?.((idle) => {
    // As one scrolls, there is no time between frames for a whole step.
    if (idle.timeRemaining() < STEP || steps.next().done !== true) inIdleTime(steps)
  })
  return () => void steps.return(undefined)
}
