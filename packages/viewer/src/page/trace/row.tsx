import { type Gap, gapsIn, type MissingParent } from '@trace/analysis'
import { Component, type JSX } from 'preact'
import { isFailed } from '../../wire/read.js'
import { colorNumber } from '../frame/colors.js'
import { duration } from '../frame/format.js'
import { isolated, nameText } from '../frame/name-text.js'
import { eventsOf, offsetOf } from './events.js'
import type { Line } from './line.js'

/** Deeper rows are not moved further to the right: they say how deep they are. */
const MOST_INDENTS = 24
const INDENT = 14

export interface RowProps {
  readonly line: Line
  readonly index: number
  readonly isSelected: boolean
  readonly isMatch: boolean
  /** Why its parent is missing, if it is. */
  readonly lack: MissingParent | undefined
  /** What part of the trace is shown, in ns from its start. */
  readonly from: number
  readonly to: number
  readonly showsCritical: boolean
  /** From how long on gaps are marked, in ns. */
  readonly gapsFrom: number
  /** When no span ran. */
  readonly stillness: readonly Gap[]
  onSelect(line: Line): void
  onToggle(line: Line): void
}

/** A row of the waterfall: a span and when it ran. What it consists of are functions, not components: there is less to keep for each row. */
export class WaterfallRow extends Component<RowProps> {
  /** Scrolling changes a few rows only. The functions do the same for the same line. */
  override shouldComponentUpdate(next: RowProps): boolean {
    const entries = Object.entries(this.props)
    return entries.some(([key, value]) => typeof value !== 'function' && value !== next[key as keyof RowProps])
  }

  override render(): JSX.Element {
    const { line, index, isSelected, isMatch } = this.props
    const classes = ['row']
    if (isSelected) classes.push('selected')
    if (isMatch) classes.push('match')
    if (line.failedBelow > 0 || isFailed(line.node.span)) classes.push('failed')
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
        {label({ line, lack: this.props.lack, onToggle: () => this.props.onToggle(line) })}
        {bar(this.props)}
      </div>
    )
  }
}

interface LabelProps {
  readonly line: Line
  readonly lack: MissingParent | undefined
  onToggle(): void
}

function label({ line, lack, onToggle }: LabelProps): JSX.Element {
  const { node, fold, depth, isClosed } = line
  const { span, service } = node
  const hasFailed = isFailed(span)
  return (
    <div class="label" role="gridcell" style={{ paddingLeft: `${Math.min(depth, MOST_INDENTS) * INDENT + 4}px` }}>
      {/* Where there is nothing below, it is hidden: to put another element in its place takes longer as one scrolls. */}
      <button
        type="button"
        class="toggle"
        hidden={!line.canToggle}
        tabIndex={-1}
        aria-label={isClosed ? 'Show what is below' : 'Hide what is below'}
        onClick={(event) => {
          event.stopPropagation()
          onToggle()
        }}
      >
        {isClosed ? '▸' : '▾'}
      </button>
      {depth > MOST_INDENTS && <span class="faint">{depth} </span>}
      <span class={`dot s${colorNumber(span.process)}`} aria-hidden="true" />
      <span class="what" title={span.name}>
        {hasFailed && <span class="bad">✗ </span>}
        <span class="kind">
          {isolated(`${service} `)}
          {isolated(`${span.kind} `)}
        </span>
        {nameText(span.name)}
        {fold !== undefined && <b>{` × ${fold.nodes.length}`}</b>}
        {!hasFailed && line.failedBelow > 0 && <span class="bad"> ✗ {line.failedBelow} below</span>}
        {line.chain > 0 && <b>{` … ${line.chain} levels`}</b>}
        {node.cutOff !== undefined && <span class="note"> {lackText(line, lack)}</span>}
        {line.hidden > 0 && fold === undefined && <span class="faint">{` ${line.hidden} hidden`}</span>}
      </span>
    </div>
  )
}

/** Why a span that has a parent stands where those without one do. */
function lackText({ node: { cutOff } }: Line, lack: MissingParent | undefined): string {
  if (cutOff === 'circle') return 'its parents form a circle'
  if (lack?.reason === 'another system') return 'its parent belongs to another system'
  const [loss] = lack?.losses ?? []
  if (loss === undefined) return 'its parent is not stored here'
  return `its parent is lost: ${loss.process} lost ${loss.lost} then`
}

function bar(props: RowProps): JSX.Element {
  const { line, from, to, showsCritical, stillness } = props
  const { node, fold, start, end } = line
  const percent = (time: number): number => ((time - from) / (to - from)) * 100
  const left = Math.max(0, percent(start))
  const right = Math.max(0, Math.min(100, percent(end)))
  const isSeen = percent(end) >= 0 && percent(start) <= 100
  const classes = ['bar', `s${colorNumber(node.span.process)}`]
  if (node.span.finish === undefined) classes.push('open')
  if (showsCritical && line.isCritical) classes.push('critical')
  return (
    <div class="time" role="gridcell">
      {stillness.map((gap, at) => stretch({ class: 'still', at, gap, percent, title: 'no span ran' }))}
      {isSeen && (
        <div
          class={classes.join(' ')}
          style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${Math.max(0, right - left)}%` }}
        />
      )}
      {isSeen && fold === undefined && marks(props, percent)}
      {took(line, left, right)}
    </div>
  )
}

interface StretchProps {
  readonly class: string
  readonly at: number
  readonly gap: Gap
  readonly percent: (time: number) => number
  readonly title: string
}

function stretch({ class: name, at, gap: { start, end }, percent, title }: StretchProps): JSX.Element | null {
  const left = Math.max(0, percent(start))
  const right = Math.min(100, percent(end))
  if (right <= left) return null
  return (
    <div
      key={name + at}
      class={name}
      title={`${title} for ${duration(end - start)}`}
      style={{ left: `${left}%`, width: `${right - left}%` }}
    />
  )
}

/** The first events only: a span may have hundreds. */
const MOST_MARKS = 20

/** What is marked on a bar: when none of its children ran, and its events. */
function marks({ line: { node }, gapsFrom }: RowProps, percent: (time: number) => number): (JSX.Element | null)[] {
  const gaps = gapsFrom === Infinity ? [] : gapsIn(node, gapsFrom)
  const ofGaps = gaps.map((gap, at) => stretch({ class: 'gap', at, gap, percent, title: 'none of its children ran' }))
  const events = eventsOf(node.span).slice(0, MOST_MARKS)
  const ofEvents = events.map((event, at) => {
    const offset = offsetOf(node.span, event)
    const left = offset === undefined ? -1 : percent(Number(offset) + node.start)
    if (left < 0 || left > 100) return null
    return <div key={`event${at}`} class="mark" title={String(event['name'] ?? '')} style={{ left: `${left}%` }} />
  })
  return ofGaps.concat(ofEvents)
}

/** How long it took, beside the bar, where there is room. */
function took({ node, fold }: Line, left: number, right: number): JSX.Element {
  const { span, children, selfTime } = node
  const hasOwn = fold === undefined && children.length > 0 && span.finish !== undefined
  // How much of the width the text takes, in percent, in a narrow window.
  const wide = hasOwn ? 40 : 20
  const isWithin = right >= 100 - wide && left < wide
  const beside = right < 100 - wide ? { left: `${right}%` } : { right: `${100 - left}%` }
  const place = isWithin ? { right: `calc(${100 - right}% + 2px)` } : beside
  return (
    <span class={`took${isWithin ? ' within' : ''}`} style={place}>
      {fold !== undefined
        ? `${duration(fold.duration)} in all`
        : duration(span.finish === undefined ? undefined : span.finish - span.start)}
      {hasOwn && <span class="self">{` · self ${duration(selfTime)}`}</span>}
    </span>
  )
}
