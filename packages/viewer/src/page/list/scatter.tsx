import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ListedTrace } from '../frame/api.js'
import { canvasColors, colorNumber } from '../frame/colors.js'
import { clockTime, duration } from '../frame/format.js'
import { go, set } from '../frame/location.js'
import { nameText } from '../frame/name-text.js'
import { type Drag, useDrag, xOf } from '../frame/use-drag.js'
import { useWidth } from '../frame/use-width.js'
import { columnOf, dotOf, HEIGHT, lineOf, MARGIN, nearest, type Scale, scaleOf, timeAt } from './scatter-scale.js'

/** Narrower drags are clicks, in pixels. */
const CLICK = 5
const HINT =
  'Drag to select a time range; click a dot to open its trace. By keys: ← → go from dot to dot, with shift they select.'

/**
 * Duration over time, a dot for each trace: failed ones are red, a click opens one, and dragging selects a time range. The arrow keys go
 * from dot to dot, and select with shift; Enter opens the dot's trace, or takes the selection.
 */
export function Scatter({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(canvas)
  const [near, setNear] = useState<ListedTrace>()
  const scale = useMemo(() => scaleOf(traces, width), [traces, width])
  const keys = useDotKeys(traces, near, setNear)
  const { drag, ...pointer } = useDrag(([left, right], event) => {
    if (right - left > CLICK) return selectTimes(Math.floor(timeAt(scale, left)), Math.ceil(timeAt(scale, right)))
    const found = nearest(traces, scale, [xOf(event), yOf(event)])
    if (found !== undefined) go({ trace: found.traceId })
  })
  const selected = drag ?? (keys.selected?.map((trace) => dotOf(scale, trace)[0]) as Drag | undefined)
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, { traces, scale, near, selected })
  })
  return (
    <figure class="scatter">
      <div
        role="application"
        tabIndex={0}
        aria-label={`Duration over time of ${traces.length} traces; the table below has the same.`}
        onKeyDown={keys.onKeyDown}
        onBlur={keys.onBlur}
      >
        <canvas
          ref={canvas}
          {...pointer}
          onPointerMove={(event) => {
            pointer.onPointerMove(event)
            setNear(nearest(traces, scale, [xOf(event), yOf(event)]))
          }}
          onPointerLeave={() => setNear(undefined)}
        />
      </div>
      <figcaption aria-live={keys.isUsed ? 'polite' : 'off'}>
        {near === undefined ? HINT : nameText(near.name)}
        {near !== undefined && ` · ${duration(near.duration)} · ${clockTime(near.start)}`}
      </figcaption>
    </figure>
  )
}

/** @param from inclusive, as is `to`; in ms since the epoch */
function selectTimes(from: number, to: number): void {
  set({ from: String(from), to: String(to + 1), range: undefined, limit: undefined })
}

interface DotKeys {
  /** Whether the keys have chosen a dot. */
  readonly isUsed: boolean
  /** The first and the last trace that are selected. */
  readonly selected: readonly [ListedTrace, ListedTrace] | undefined
  onKeyDown(event: KeyboardEvent): void
  onBlur(): void
}

function useDotKeys(
  traces: readonly ListedTrace[],
  near: ListedTrace | undefined,
  setNear: (trace: ListedTrace | undefined) => void,
): DotKeys {
  const [isUsed, setUsed] = useState(false)
  const [begun, setBegun] = useState<ListedTrace>()
  const byTime = useMemo(() => [...traces].sort((a, b) => Number(a.start - b.start)), [traces])
  const selected = begun === undefined || near === undefined || begun === near ? undefined : ([begun, near] as const)
  const leave = (): void => {
    setUsed(false)
    setBegun(undefined)
    setNear(undefined)
  }
  const step = (by: 1 | -1, selects: boolean): void => {
    const at = near === undefined ? -1 : byTime.indexOf(near)
    const next = at < 0 ? (by > 0 ? 0 : byTime.length - 1) : Math.max(0, Math.min(byTime.length - 1, at + by))
    setUsed(true)
    setBegun(selects ? (begun ?? near) : undefined)
    setNear(byTime[next])
  }
  return {
    isUsed,
    selected,
    onBlur: leave,
    onKeyDown: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'ArrowRight') step(1, event.shiftKey)
      else if (event.key === 'ArrowLeft') step(-1, event.shiftKey)
      else if (event.key === 'Escape') leave()
      else if (event.key === 'Enter' && selected !== undefined) {
        const times = selected.map(({ start }) => Math.floor(Number(start) / 1e6))
        leave()
        selectTimes(Math.min(...times), Math.max(...times))
      } else if (event.key === 'Enter' && near !== undefined) go({ trace: near.traceId })
      else return
      event.preventDefault()
    },
  }
}

/** Within the canvas, in pixels from its top. */
function yOf(event: PointerEvent): number {
  const top = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect().top : 0
  return event.clientY - top
}

interface Picture {
  readonly traces: readonly ListedTrace[]
  readonly scale: Scale
  readonly near: ListedTrace | undefined
  readonly selected: Drag | undefined
}

function draw(canvas: HTMLCanvasElement, { traces, scale, near, selected }: Picture): void {
  const ratio = devicePixelRatio
  canvas.width = Math.round(scale.width * ratio)
  canvas.height = HEIGHT * ratio
  canvas.style.width = `${scale.width}px`
  canvas.style.height = `${HEIGHT}px`
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(ratio, ratio)
  const color = canvasColors()
  context.fillStyle = color('--faint')
  drawAxes(context, scale)
  for (const trace of traces) {
    const failed = trace.failed > 0
    context.fillStyle = failed ? color('--failed') : color(`--service-${colorNumber(trace.process)}`)
    context.globalAlpha = trace === near ? 1 : 0.75
    context.beginPath()
    context.arc(...dotOf(scale, trace), trace === near ? 6 : failed ? 4.5 : 3.5, 0, 7)
    context.fill()
  }
  if (selected === undefined) return
  context.globalAlpha = 0.2
  context.fillStyle = color('--accent')
  const height = HEIGHT - MARGIN.top - MARGIN.bottom
  context.fillRect(Math.min(...selected), MARGIN.top, Math.abs(selected[1] - selected[0]), height)
  context.globalAlpha = 1
}

/** Durations on the left, with a line across for each; times at the bottom. */
function drawAxes(context: CanvasRenderingContext2D, scale: Scale): void {
  context.font = '11px system-ui, sans-serif'
  const step = scale.most / scale.least > 1e4 ? 100 : 10
  for (let at = scale.least; at <= scale.most * 1.001; at *= step) {
    const y = lineOf(scale, at)
    context.fillText(duration(BigInt(Math.round(at))), 2, y + 4)
    context.fillRect(MARGIN.left, y, scale.width - MARGIN.left - MARGIN.right, 0.5)
  }
  for (const share of [0, 0.5, 1]) {
    const time = scale.from + share * (scale.to - scale.from)
    context.textAlign = share === 0 ? 'left' : share === 1 ? 'right' : 'center'
    context.fillText(clockTime(BigInt(Math.round(time * 1e6))), columnOf(scale, time), HEIGHT - 6)
  }
  context.textAlign = 'left'
}
