import type { SpanNode } from '@trace/analysis'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { isFailed } from '../../wire/read.js'
import { canvasColors, colorNumber } from '../frame/colors.js'
import { duration } from '../frame/format.js'
import { useDrag } from '../frame/use-drag.js'
import { useWidth } from '../frame/use-width.js'

const HEIGHT = 56
/** Narrower drags are clicks, in pixels. */
const CLICK = 4

export interface MinimapProps {
  readonly nodes: readonly SpanNode[]
  /** Of the whole trace, in ns. */
  readonly length: number
  readonly range: readonly [number, number]
  /** @param range undefined for the whole trace */
  onZoom(range: readonly [number, number] | undefined): void
}

/** The whole trace in a few lines: dragging zooms to a part of it, a double click shows it all. */
export function Minimap({ nodes, length, range, onZoom }: MinimapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(canvas)
  const { drag, ...pointer } = useDrag(([from, to]) => {
    if (to - from > CLICK) onZoom([(from / width) * length, (to / width) * length])
  })
  useEffect(() => {
    return canvas.current === null ? undefined : draw(canvas.current, nodes, length, width)
  }, [nodes, length, width])

  const shown: readonly [number, number] = drag ?? [(range[0] / length) * width, (range[1] / length) * width]
  const [left, right] = shown[0] < shown[1] ? shown : [shown[1], shown[0]]
  const isWhole = drag === undefined && left <= 0 && right >= width
  return (
    <div class="minimap" {...pointer} onDblClick={() => onZoom(undefined)}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`The whole trace, ${duration(length)}. Drag to zoom, double-click to see all.`}
      />
      {!isWhole && <div class="shade" style={{ left: '0', width: `${left}px` }} />}
      {!isWhole && <div class="shade" style={{ left: `${right}px`, right: '0' }} />}
    </div>
  )
}

/** As many rows are drawn at once: the rows of the waterfall come first. */
const AT_ONCE = 20_000

/**
 * Each row is a line; of many, several share one. What failed is drawn last, so that it is seen. The pixels are set here: a canvas takes many times as
 * long to draw as many rectangles.
 *
 * @returns what ends it
 */
function draw(canvas: HTMLCanvasElement, nodes: readonly SpanNode[], length: number, width: number): () => void {
  const ratio = devicePixelRatio
  const [wide, high] = [Math.round(width * ratio), Math.round(HEIGHT * ratio)]
  canvas.width = wide
  canvas.height = high
  canvas.style.width = `${width}px`
  canvas.style.height = `${HEIGHT}px`
  const context = canvas.getContext('2d')
  if (context === null || length === 0 || wide === 0) return () => {}
  const image = context.createImageData(wide, high)
  const pixels = new Uint32Array(image.data.buffer)
  const colorOf = canvasColors()
  const step = Math.min(4, (HEIGHT - 4) / nodes.length) * ratio
  const failed = pixelOf(colorOf('--failed'))
  const colors = new Map<string, number>()
  const colorOfProcess = (process: string): number => {
    const color = colors.get(process) ?? pixelOf(colorOf(`--service-${colorNumber(process)}`))
    colors.set(process, color)
    return color
  }
  const drawSome = (from: number, pass: boolean): void => {
    for (let at = from; at < Math.min(from + AT_ONCE, nodes.length); at++) {
      const row = nodes[at]
      if (row === undefined || isFailed(row.span) !== pass) continue
      const color = pass ? failed : colorOfProcess(row.span.process)
      const left = Math.min(wide - 1, Math.floor((row.start / length) * wide))
      const right = Math.max(left + 1, Math.round((row.end / length) * wide))
      const top = Math.floor(2 * ratio + at * step)
      const bottom = Math.max(top + 1, Math.round(top + step - ratio / 2))
      for (let line = top * wide; line < bottom * wide; line += wide) pixels.fill(color, line + left, line + right)
    }
    context.putImageData(image, 0, 0)
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const drawFrom = (from: number, pass: boolean): void => {
    drawSome(from, pass)
    const next = from + AT_ONCE
    if (next < nodes.length) timer = setTimeout(drawFrom, 0, next, pass)
    else if (!pass) drawFrom(0, true)
  }
  drawFrom(0, false)
  return () => clearTimeout(timer)
}

/** A colour such as `rgb(68, 119, 170)`, as the pixels of an image have it. */
function pixelOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number)
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
}
