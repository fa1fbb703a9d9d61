import type { Gap } from '@trace/analysis'
import type { JSX, RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { duration } from '../frame/format.js'
import type { Line } from './line.js'
import type { LineList, LineTest } from './line-list.js'
import type { TraceModel } from './model.js'
import { WaterfallRow } from './row.js'

/** Pixels, as `--row` of frame.css. */
const ROW = 26
/** Rows that are drawn beyond what is seen, so that scrolling shows no gap. Where one jumps far, they are drawn once one stays. */
const BEYOND = 5
/** After as many ms one stays. */
const STAYS = 100
/** Chromium ends at 33.5 million pixels, Firefox at 17.9: what is longer scrolls faster than it moves. */
const MOST_HEIGHT = 12_000_000

export interface WaterfallProps {
  readonly model: TraceModel
  readonly lines: LineList
  /** The place of the selected line; -1 for none. */
  readonly selected: number
  /** What part of the trace is shown, in ns from its start. */
  readonly range: readonly [number, number]
  readonly isMatch: LineTest
  readonly showsCritical: boolean
  /** From how long on gaps are marked, in ns. */
  readonly gapsFrom: number
  /** When no span ran. */
  readonly stillness: readonly Gap[]
  onSelect(line: Line): void
  onToggle(line: Line): void
}

/** The rows that are seen, of as many as there are, in a table that a screen reader takes for a tree. */
export function Waterfall(props: WaterfallProps): JSX.Element {
  const { model, lines, selected, range, isMatch, onSelect, onToggle } = props
  const { box, first, last, keyFrom, slots, wholeHeight, offset, onScroll } = useSeenRows(lines.length, selected)
  const isSeen = selected >= first && selected < last
  return (
    <div class="fall">
      <Scale range={range} />
      <div
        class="waterfall"
        ref={box}
        role="treegrid"
        aria-label="Spans of the trace"
        aria-rowcount={lines.length}
        aria-activedescendant={isSeen ? `row-${lines.at(selected)?.id}` : undefined}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class="rows" role="presentation" style={{ height: `${wholeHeight}px` }}>
          <div class="seen" role="rowgroup" style={{ transform: `translateY(${offset}px)` }}>
            {lines.between(first, last).map((line, at) => (
              // An element that is scrolled out of sight shows the next line that is scrolled into it.
              <WaterfallRow
                key={(((first + at - keyFrom) % slots) + slots) % slots}
                line={line}
                index={first + at}
                isSelected={first + at === selected}
                isMatch={isMatch(line.node, 0)}
                lack={line.node.cutOff === undefined ? undefined : model.lackOf.get(line.node)}
                from={range[0]}
                to={range[1]}
                showsCritical={props.showsCritical}
                gapsFrom={props.gapsFrom}
                stillness={props.stillness}
                onSelect={onSelect}
                onToggle={onToggle}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

interface SeenRows {
  readonly box: RefObject<HTMLDivElement | null>
  /** The rows from `first` to before `last` are drawn, in as many elements as there are slots. */
  readonly first: number
  readonly last: number
  readonly slots: number
  /** The row whose slot is the first one. */
  readonly keyFrom: number
  /** Of all rows, as the box scrolls them, in pixels. */
  readonly wholeHeight: number
  /** Where the first one that is drawn begins, in pixels. */
  readonly offset: number
  onScroll(event: { readonly currentTarget: HTMLElement }): void
}

/** Which rows are seen; a row that is selected is scrolled into sight. */
function useSeenRows(count: number, selected: number): SeenRows {
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const whole = count * ROW
  const wholeHeight = Math.min(whole, MOST_HEIGHT)
  // How far the rows move for each pixel that the box scrolls.
  const pace = whole <= MOST_HEIGHT ? 1 : (whole - height) / (wholeHeight - height)
  const slots = Math.ceil(height / ROW) + 2 * BEYOND + 2
  const { current: seen } = useRef({ first: 0, keyFrom: 0 })
  const isFar = Math.abs((top * pace) / ROW - seen.first) >= slots
  const beyond = isFar ? 0 : BEYOND
  const first = Math.max(0, Math.floor((top * pace) / ROW) - beyond)
  const last = Math.min(count, Math.ceil((top * pace + height) / ROW) + beyond)
  // Where no row is one that was seen before, elements stay in their order: to move them takes as long as to draw other rows in them.
  if (isFar) seen.keyFrom += first - seen.first
  seen.first = first
  const [, redraw] = useState<object>()
  useEffect(() => {
    const timer = isFar ? setTimeout(redraw, STAYS, {}) : undefined
    return () => clearTimeout(timer)
  }, [top])
  const y = (selected * ROW) / pace
  const selectedAt = useRef(y)
  selectedAt.current = selected === -1 ? -1 : y
  useEffect(() => (box.current === null ? undefined : watchHeight(box.current, setHeight, selectedAt)), [])
  useEffect(() => {
    const element = box.current
    if (element === null || selected === -1) return
    if (!isWithin(y, element.scrollTop, element.clientHeight))
      element.scrollTop = Math.max(0, y - element.clientHeight / 2)
  }, [selected])
  return {
    box,
    first,
    last,
    slots,
    keyFrom: seen.keyFrom,
    wholeHeight,
    offset: first * ROW - top * pace + top,
    onScroll: ({ currentTarget: { scrollTop } }) => setTop(pace === 1 ? scrollTop - (scrollTop % ROW) : scrollTop),
  }
}

/** Rows stay where they are when the box gets lower, unless it would cover the selected one. @returns what ends it */
function watchHeight(
  element: HTMLElement,
  tell: (height: number) => void,
  selectedAt: { readonly current: number },
): () => void {
  let before = element.clientHeight
  const observer = new ResizeObserver(() => {
    const { scrollTop, clientHeight } = element
    const y = selectedAt.current
    if (y >= 0 && isWithin(y, scrollTop, before) && !isWithin(y, scrollTop, clientHeight))
      element.scrollTop = y + ROW - clientHeight
    before = clientHeight
    tell(clientHeight)
  })
  observer.observe(element)
  return () => observer.disconnect()
}

function isWithin(y: number, top: number, height: number): boolean {
  return y >= top && y + ROW <= top + height
}

const TICKS = [0, 0.25, 0.5, 0.75] as const

/** The times above the bars, from the start of the trace. The rows say theirs in words. */
function Scale({ range: [from, to] }: { readonly range: readonly [number, number] }): JSX.Element {
  return (
    <div class="scale" aria-hidden="true">
      <span />
      <div>
        {TICKS.map((share) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {duration(from + (to - from) * share)}
          </span>
        ))}
      </div>
    </div>
  )
}
