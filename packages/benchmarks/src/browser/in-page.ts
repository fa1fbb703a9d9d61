// Functions that run within the page: they can use nothing from outside of themselves, but what installClock has left there.

/** What the page keeps. */
interface Measured {
  /** When the first rows were on the screen, in ms after the navigation began. */
  shownAt: number | undefined
  /** How long the frames after a move of the pointer took, in ms. */
  hovered: number[]
  /** How long it was from each frame to the next, in ms. */
  between: number[]
  /** Resolves when what has changed is painted. */
  painted(): Promise<void>
}

declare global {
  // Declared so, it is a property of the page's window.
  var measured: Measured
}

/** Runs before the page does. @param shown what is on the screen when the page is shown */
export function installClock(shown: string): void {
  globalThis.measured = {
    shownAt: undefined,
    hovered: [],
    between: [],
    // A message is delivered after the frame in which it was sent has been painted.
    painted: () =>
      new Promise((resolve) =>
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () => resolve()
          port2.postMessage(undefined)
        }),
      ),
  }
  const look = (): void => {
    if (document.querySelector(shown) === null) requestAnimationFrame(look)
    else void measured.painted().then(() => (measured.shownAt = performance.now()))
  }
  requestAnimationFrame(look)
}

/** Clicks the toggle of a row. @param row among those that can be toggled @returns ms until the changed rows are painted */
export async function toggled(row: number): Promise<number> {
  const { painted } = measured
  const grid = document.querySelector('[role=treegrid]')
  const before = grid?.getAttribute('aria-rowcount')
  const button = document.querySelectorAll<HTMLElement>('.waterfall .row button')[row]
  if (button === undefined) throw new Error(`row ${row} cannot be toggled`)
  await painted()
  const from = performance.now()
  button.click()
  do await painted()
  while (grid?.getAttribute('aria-rowcount') === before)
  return performance.now() - from
}

/** Types a search. @returns ms until what it found is painted */
export async function searched(text: string): Promise<number> {
  const { painted } = measured
  const input = document.querySelector<HTMLInputElement>('input[data-search]')
  const state = (): string =>
    `${document.querySelector('[role=treegrid]')?.getAttribute('aria-rowcount')} ${document.querySelector('.count')?.textContent}`
  const before = state()
  if (input === null) throw new Error('there is no search box')
  await painted()
  const from = performance.now()
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  do await painted()
  while (state() === before)
  return performance.now() - from
}

/** Scrolls from end to end. @returns how long each frame took, from the event on, in ms */
export async function frames(steps: number): Promise<number[]> {
  const { painted } = measured
  const box = document.querySelector('.waterfall')
  if (box === null) throw new Error('there are no rows')
  const taken: number[] = []
  for (let step = 1; step <= steps; step++) {
    const scrolled = new Promise<number>((resolve) =>
      box.addEventListener('scroll', () => resolve(performance.now()), { once: true, capture: true }),
    )
    box.scrollTop = ((box.scrollHeight - box.clientHeight) * step) / steps
    const from = await scrolled
    await painted()
    taken.push(performance.now() - from)
  }
  box.scrollTop = 0
  await painted()
  return taken
}

/** Counts, from now on, how long the frames after moves of the pointer take. */
export function countFrames(): void {
  measured.hovered = []
  addEventListener(
    'pointermove',
    () => {
      const from = performance.now()
      void measured.painted().then(() => measured.hovered.push(performance.now() - from))
    },
    true,
  )
}

/** Notes, from now on, how long it is from each frame to the next. */
export function watchFrames(): void {
  measured.between = []
  let last = performance.now()
  const next = (now: number): void => {
    measured.between.push(now - last)
    last = now
    requestAnimationFrame(next)
  }
  requestAnimationFrame(next)
}
