import { type ReadonlySignal, signal } from '@preact/signals'

/** What the page shows, all of it in the URL, so that a link shows the same. */
export type Place = Readonly<Record<string, string | undefined>>

const current = signal<Place>(read())

/** The parameters of the URL. */
export const place: ReadonlySignal<Place> = current

addEventListener('popstate', () => {
  current.value = read()
})

/** Goes to another place: a step that the browser's Back undoes. How times are shown stays. */
export function go(to: Place): void {
  write({ time: current.peek()['time'], ...to }, 'pushState')
}

/** Changes some of the parameters, in the step where the page is. An empty or undefined one goes. */
export function set(changes: Place): void {
  write({ ...current.peek(), ...changes }, 'replaceState')
}

/** The address of a place, for links. */
export function hrefOf(to: Place): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(to)) if (value !== undefined && value !== '') query.set(key, value)
  const text = query.toString()
  return text === '' ? '?' : `?${text}`
}

function write(to: Place, how: 'pushState' | 'replaceState'): void {
  const kept = Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined && value !== ''))
  // A file that is opened from a disk keeps its state too, but behind its own name.
  history[how](null, '', hrefOf(kept))
  current.value = kept
}

function read(): Place {
  return Object.fromEntries(new URLSearchParams(location.search))
}
