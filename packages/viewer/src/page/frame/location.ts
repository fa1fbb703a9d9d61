import { Signal } from './signal.js'

/** What the page shows, all of it in the URL, so that a link shows the same. */
export type Place = Readonly<Record<string, string | undefined>>

const current = new Signal<Place>(read())

/** The parameters of the URL. */
export const place: Pick<Signal<Place>, 'subscribe'> & { readonly value: Place } = current

addEventListener('popstate', () => {
  current.value = read()
})

/** What stays wherever one goes: how times are shown, and where the details are. */
function kept(): Place {
  const { time, panel } = current.value
  return { time, panel }
}

/** The list as it was left last; all of it where the page began with a trace. */
let list: Place = {}

/** Where one gets out of a trace: to the list as it was left. */
export function listPlace(): Place {
  return list
}

let opened = current.value['trace']

/** The trace that the page showed last, if any. */
export function lastTrace(): string | undefined {
  return opened
}

/** Goes to another place: a step that the browser's Back undoes. */
export function go(to: Place): void {
  if (current.value['trace'] === undefined) list = current.value
  write({ ...to, ...kept() }, 'pushState')
}

/** Changes some of the parameters, in the step where the page is. An empty or undefined one goes. */
export function set(changes: Place): void {
  write({ ...current.value, ...changes }, 'replaceState')
}

/** The address of a place, for links. */
export function hrefOf(to: Place): string {
  return addressOf({ ...to, ...kept() })
}

function addressOf(to: Place): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(to)) if (value !== undefined && value !== '') query.set(key, value)
  const text = query.toString()
  return text === '' ? '?' : `?${text}`
}

function write(to: Place, how: 'pushState' | 'replaceState'): void {
  const whole = Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined && value !== ''))
  // A file that is opened from a disk keeps its state too, but behind its own name.
  history[how](null, '', addressOf(whole))
  current.value = whole
  opened = whole['trace'] ?? opened
}

function read(): Place {
  return Object.fromEntries(new URLSearchParams(location.search))
}
