import { useRef, useState } from 'preact/hooks'

/** From where to where the pointer is dragged, in pixels from the left of what it is dragged over. */
export type Drag = readonly [from: number, to: number]

export interface Dragging {
  /** Undefined while nothing is dragged. */
  readonly drag: Drag | undefined
  onPointerDown(event: PointerEvent): void
  onPointerMove(event: PointerEvent): void
  onPointerCancel(): void
  onPointerUp(event: PointerEvent): void
}

/** @param onDrag gets where it began and ended, the left one first; and a click, where both are nearly the same */
export function useDrag(onDrag: (drag: Drag, event: PointerEvent) => void): Dragging {
  // The pointer may be faster than the page is drawn: what is true now is here, and the state is what is drawn.
  const now = useRef<Drag | undefined>(undefined)
  const [drag, setDrag] = useState<Drag>()
  const become = (to: Drag | undefined): void => {
    now.current = to
    setDrag(to)
  }
  return {
    drag,
    onPointerDown: (event) => {
      if (event.target instanceof Element) event.target.setPointerCapture(event.pointerId)
      become([xOf(event), xOf(event)])
    },
    onPointerMove: (event) => {
      if (now.current !== undefined) become([now.current[0], xOf(event)])
    },
    onPointerCancel: () => become(undefined),
    onPointerUp: (event) => {
      const begun = now.current?.[0]
      become(undefined)
      // Where it ends is known here only: a browser that is busy leaves out moves.
      const end = xOf(event)
      if (begun !== undefined) onDrag([Math.min(begun, end), Math.max(begun, end)], event)
    },
  }
}

/** Within the element that listens. */
export function xOf(event: PointerEvent): number {
  const box = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : undefined
  return Math.max(0, Math.min(box?.width ?? 0, event.clientX - (box?.left ?? 0)))
}
