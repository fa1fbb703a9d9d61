import { useEffect, useState } from 'preact/hooks'

/** How wide the canvas may be, in pixels. */
export function useWidth(canvas: { readonly current: HTMLCanvasElement | null }): number {
  const [width, setWidth] = useState(600)
  useEffect(() => {
    const box = canvas.current?.parentElement
    if (box === null || box === undefined) return
    const observer = new ResizeObserver(() => setWidth(box.clientWidth))
    observer.observe(box)
    return () => observer.disconnect()
  }, [])
  return width
}
