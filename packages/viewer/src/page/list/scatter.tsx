import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ListedTrace } from '../frame/api.js'
import { canvasColors, colorNumber } from '../frame/colors.js'
import { clockTime, duration } from '../frame/format.js'
import { go, set } from '../frame/location.js'
import { useDrag, xOf } from '../frame/use-drag.js'

const HEIGHT = 150
const MARGIN = { left: 64, right: 12, top: 10, bottom: 22 }
/** A click that is not quite on a dot, in pixels. */
const NEAR = 12
/** Narrower drags are clicks, in pixels. */
const CLICK = 5

interface Scale {
  readonly width: number
  readonly from: number
  readonly to: number
  readonly least: number
  readonly most: number
}

/** Duration over time, a dot for each trace: failed ones are red, a click opens one, and dragging selects a time range. */
export function Scatter({ traces }: { readonly traces: readonly ListedTrace[] }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(600)
  const [near, setNear] = useState<ListedTrace>()
  const scale = scaleOf(traces, width)
  const { drag, ...pointer } = useDrag(([left, right], event) => {
    if (right - left <= CLICK) {
      const found = nearest(traces, scale, xOf(event), yOf(event))
      if (found !== undefined) go({ trace: found.traceId })
      return
    }
    const [from, to] = [Math.floor(timeAt(scale, left)), Math.ceil(timeAt(scale, right)) + 1]
    set({ from: String(from), to: String(to), range: undefined })
  })

  useEffect(() => {
    const box = canvas.current?.parentElement
    if (box === null || box === undefined) return
    const observer = new ResizeObserver(() => setWidth(box.clientWidth))
    observer.observe(box)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, traces, scale, drag, near)
  })

  return (
    <figure class="scatter">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Duration over time of ${traces.length} traces; the table below has the same.`}
        {...pointer}
        onPointerMove={(event) => {
          pointer.onPointerMove(event)
          setNear(nearest(traces, scale, xOf(event), yOf(event)))
        }}
        onPointerLeave={() => setNear(undefined)}
      />
      <figcaption aria-live="off">
        {near === undefined
          ? 'Drag to select a time range; click a dot to open its trace.'
          : `${near.name} · ${duration(near.duration)} · ${clockTime(near.start)}`}
      </figcaption>
    </figure>
  )
}

/** Within the canvas, in pixels from its top. */
function yOf(event: PointerEvent): number {
  const top = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect().top : 0
  return event.clientY - top
}

function scaleOf(traces: readonly ListedTrace[], width: number): Scale {
  let [from, to, least, most] = [Infinity, -Infinity, Infinity, 1]
  for (const trace of traces) {
    const at = Number(trace.start) / 1e6
    const lasted = lastedOf(trace)
    from = Math.min(from, at)
    to = Math.max(to, at)
    least = Math.min(least, lasted)
    most = Math.max(most, lasted)
  }
  if (from === Infinity) [from, to, least] = [Date.now() - 60_000, Date.now(), 1]
  if (to - from < 1) [from, to] = [from - 500, to + 500]
  return { width, from, to, least: Math.max(1, Math.min(least, most / 10)), most }
}

/** In ns; where nothing has finished, as little as can be. */
function lastedOf({ duration: lasted }: ListedTrace): number {
  return lasted === undefined || lasted < 1n ? 1 : Number(lasted)
}

function columnOf(scale: Scale, time: number): number {
  const inner = scale.width - MARGIN.left - MARGIN.right
  return MARGIN.left + ((time - scale.from) / (scale.to - scale.from)) * inner
}

function lineOf(scale: Scale, lasted: number): number {
  const inner = HEIGHT - MARGIN.top - MARGIN.bottom
  const share = (Math.log(lasted) - Math.log(scale.least)) / (Math.log(scale.most) - Math.log(scale.least) || 1)
  return HEIGHT - MARGIN.bottom - Math.max(0, Math.min(1, share)) * inner
}

/** In ms since the epoch. */
function timeAt(scale: Scale, x: number): number {
  const inner = scale.width - MARGIN.left - MARGIN.right
  return scale.from + (Math.max(0, Math.min(inner, x - MARGIN.left)) / inner) * (scale.to - scale.from)
}

function nearest(traces: readonly ListedTrace[], scale: Scale, x: number, y: number): ListedTrace | undefined {
  let found: ListedTrace | undefined
  let least = NEAR ** 2
  for (const trace of traces) {
    const away = (columnOf(scale, Number(trace.start) / 1e6) - x) ** 2 + (lineOf(scale, lastedOf(trace)) - y) ** 2
    if (away < least) [least, found] = [away, trace]
  }
  return found
}

function draw(
  canvas: HTMLCanvasElement,
  traces: readonly ListedTrace[],
  scale: Scale,
  drag: readonly [number, number] | undefined,
  near: ListedTrace | undefined,
): void {
  const ratio = devicePixelRatio
  canvas.width = Math.round(scale.width * ratio)
  canvas.height = HEIGHT * ratio
  canvas.style.width = `${scale.width}px`
  canvas.style.height = `${HEIGHT}px`
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(ratio, ratio)
  const color = canvasColors()
  context.font = '11px system-ui, sans-serif'
  context.fillStyle = color('--faint')
  for (let at = scale.least; at <= scale.most * 1.001; at *= scale.most / scale.least > 1e4 ? 100 : 10) {
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
  for (const trace of traces) {
    const failed = trace.failed > 0
    context.fillStyle = failed ? color('--failed') : color(`--service-${colorNumber(trace.process)}`)
    context.globalAlpha = trace === near ? 1 : 0.75
    context.beginPath()
    context.arc(
      columnOf(scale, Number(trace.start) / 1e6),
      lineOf(scale, lastedOf(trace)),
      trace === near ? 6 : failed ? 4.5 : 3.5,
      0,
      7,
    )
    context.fill()
  }
  context.globalAlpha = 0.2
  context.fillStyle = color('--accent')
  if (drag !== undefined)
    context.fillRect(Math.min(...drag), MARGIN.top, Math.abs(drag[1] - drag[0]), HEIGHT - MARGIN.top - MARGIN.bottom)
  context.globalAlpha = 1
}
