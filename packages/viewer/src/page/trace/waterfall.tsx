import { Component, type JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { colorNumber } from '../frame/colors.js'
import { duration } from '../frame/format.js'
import type { Line } from './lines.js'

/** Pixels, as `--row` of frame.css. */
const ROW = 26
/** Rows that are drawn beyond what is seen, so that scrolling shows no gap. */
const BEYOND = 12
/** Chromium ends at 33.5 million pixels, Firefox at 17.9: what is longer scrolls faster than it moves. */
const MOST_HEIGHT = 12_000_000
/** Deeper rows are not indented more, and say how deep they are. */
const MOST_INDENTS = 24
const INDENT = 14

export interface WaterfallProps {
  readonly lines: readonly Line[]
  /** The place of the selected line; -1 for none. */
  readonly selected: number
  /** What part of the trace is shown, in ns from its start. */
  readonly range: readonly [number, number]
  readonly isMatch: (line: Line) => boolean
  readonly showsCritical: boolean
  onSelect(line: Line): void
  onToggle(line: Line): void
}

/** The rows that are seen, of as many as there are, in a table that a screen reader takes for a tree. */
export function Waterfall(props: WaterfallProps): JSX.Element {
  const { lines, selected, range, isMatch, showsCritical, onSelect, onToggle } = props
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const whole = lines.length * ROW
  const shownHeight = Math.min(whole, MOST_HEIGHT)
  // How far the rows move for each pixel that the box scrolls.
  const pace = whole <= MOST_HEIGHT ? 1 : (whole - height) / (shownHeight - height)
  const first = Math.max(0, Math.floor((top * pace) / ROW) - BEYOND)
  const last = Math.min(lines.length, Math.ceil((top * pace + height) / ROW) + BEYOND)
  const slots = Math.ceil(height / ROW) + 2 * BEYOND + 2

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const element = box.current
    if (element === null || selected === -1) return
    const y = (selected * ROW) / pace
    const isSeen = y >= element.scrollTop && y + ROW <= element.scrollTop + element.clientHeight
    if (!isSeen) element.scrollTop = Math.max(0, y - element.clientHeight / 2)
  }, [selected])

  const id = lines[selected]?.id
  return (
    <div
      class="waterfall"
      ref={box}
      role="treegrid"
      aria-label="Spans of the trace"
      aria-rowcount={lines.length}
      aria-activedescendant={selected >= first && selected < last ? `row-${id}` : undefined}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop } }) => setTop(pace === 1 ? scrollTop - (scrollTop % ROW) : scrollTop)}
    >
      <div class="rows" role="presentation" style={{ height: `${shownHeight}px` }}>
        <div class="seen" role="rowgroup" style={{ transform: `translateY(${first * ROW - top * pace + top}px)` }}>
          {lines.slice(first, last).map((line, at) => (
            // An element that is scrolled out of sight shows the next line that is scrolled into it.
            <WaterfallRow
              key={(first + at) % slots}
              line={line}
              index={first + at}
              isSelected={first + at === selected}
              isMatch={isMatch(line)}
              from={range[0]}
              to={range[1]}
              showsCritical={showsCritical}
              onSelect={onSelect}
              onToggle={onToggle}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

interface RowProps {
  readonly line: Line
  readonly index: number
  readonly isSelected: boolean
  readonly isMatch: boolean
  /** What part of the trace is shown, in ns from its start. */
  readonly from: number
  readonly to: number
  readonly showsCritical: boolean
  onSelect(line: Line): void
  onToggle(line: Line): void
}

const SHOWN: readonly (keyof RowProps)[] = ['line', 'index', 'isSelected', 'isMatch', 'from', 'to', 'showsCritical']

class WaterfallRow extends Component<RowProps> {
  /** Scrolling changes a few rows only. The functions do the same for the same line. */
  override shouldComponentUpdate(next: RowProps): boolean {
    return SHOWN.some((key) => next[key] !== this.props[key])
  }

  override render(): JSX.Element {
    const { line, index, isSelected, isMatch } = this.props
    const classes = ['row']
    if (isSelected) classes.push('selected')
    if (isMatch) classes.push('match')
    if (line.node.failed > 0 && (line.isClosed || isFailed(line.node.span))) classes.push('failed')
    return (
      <div
        class={classes.join(' ')}
        id={`row-${line.id}`}
        role="row"
        aria-level={line.depth + 1}
        aria-rowindex={index + 1}
        aria-selected={isSelected}
        aria-expanded={line.canToggle ? !line.isClosed : undefined}
        onClick={() => this.props.onSelect(line)}
      >
        <Label line={line} onToggle={() => this.props.onToggle(line)} />
        <Bar {...this.props} />
      </div>
    )
  }
}

function Label({ line, onToggle }: { readonly line: Line; onToggle(): void }): JSX.Element {
  const { node, row, depth, isClosed } = line
  const { span, service, cutOff } = node
  const hasFailed = isFailed(span)
  return (
    <div class="label" role="gridcell" style={{ paddingLeft: `${Math.min(depth, MOST_INDENTS) * INDENT + 4}px` }}>
      {line.canToggle ? (
        <button
          type="button"
          class="toggle"
          tabIndex={-1}
          aria-label={isClosed ? 'Show what is below' : 'Hide what is below'}
          onClick={(event) => {
            event.stopPropagation()
            onToggle()
          }}
        >
          {isClosed ? '▸' : '▾'}
        </button>
      ) : (
        <span class="toggle" />
      )}
      {depth > MOST_INDENTS && <span class="faint">{depth} </span>}
      <span class={`dot s${colorNumber(span.process)}`} aria-hidden="true" />
      <span class="what" title={span.name}>
        {hasFailed && <span class="bad">✗ </span>}
        <span class="faint">{service} </span>
        <span class="kind">{span.kind} </span>
        {span.name === '' ? '(no name)' : span.name}
        {row.fold !== undefined && <b> × {row.fold.nodes.length}</b>}
        {!hasFailed && isClosed && node.failed > 0 && <span class="bad"> ✗ {node.failed} below</span>}
        {cutOff !== undefined && (
          <span class="note">
            {' '}
            {cutOff === 'circle' ? 'its parents form a circle' : 'its parent is not stored here'}
          </span>
        )}
        {row.hidden > 0 && row.fold === undefined && <span class="faint"> {row.hidden} hidden</span>}
      </span>
    </div>
  )
}

function Bar({ line, from, to, showsCritical }: RowProps): JSX.Element {
  const { node, row, start, end } = line
  const percent = (time: number): number => ((time - from) / (to - from)) * 100
  const [left, right] = [percent(start), percent(end)]
  const [shownLeft, shownRight] = [Math.max(0, left), Math.max(0, Math.min(100, right))]
  const isSeen = right >= 0 && left <= 100
  const classes = ['bar', `s${colorNumber(node.span.process)}`]
  if (node.span.finish === undefined) classes.push('open')
  if (showsCritical && row.isCritical) classes.push('critical')
  const text =
    row.fold !== undefined
      ? `${duration(BigInt(Math.round(row.fold.duration)))} in all`
      : duration(node.span.finish === undefined ? undefined : node.span.finish - node.span.start)
  // Beside the bar, where there is room.
  const place =
    shownRight < 80 ? { left: `${shownRight}%` } : { right: `${Math.max(0, Math.min(90, 100 - shownLeft))}%` }
  return (
    <div class="time" role="gridcell">
      {isSeen && (
        <div
          class={classes.join(' ')}
          style={{ left: `min(${shownLeft}%, calc(100% - 2px))`, width: `${Math.max(0, shownRight - shownLeft)}%` }}
        />
      )}
      {isSeen && marksOf(line).map((time) => <div key={time} class="mark" style={{ left: `${percent(time)}%` }} />)}
      <span
        class={`took${shownRight >= 80 && shownLeft < 12 ? ' within' : ''}`}
        style={shownRight >= 80 && shownLeft < 12 ? { right: '2px' } : place}
      >
        {text}
      </span>
    </div>
  )
}

/** The first ones only: a span may have hundreds of events. */
const MOST_MARKS = 20

/** When the events of a span were, in ns from the trace's start. */
function marksOf({ node, row }: Line): number[] {
  const { events } = node.span.data
  if (row.fold !== undefined || !Array.isArray(events)) return []
  return events.slice(0, MOST_MARKS).flatMap((event) => {
    const time =
      typeof event === 'object' && event !== null && 'time' in event ? Date.parse(String(event.time)) : Number.NaN
    return Number.isNaN(time) ? [] : [time * 1e6 - Number(node.span.start) + node.start]
  })
}
