import { serviceOf } from '@trace/core/spans'

/** How many colours colors.css has for services: `--service-0` …, told apart by colour-blind people, in light and dark. */
const COLORS = 10

const given = new Map<string, number>()

/**
 * Gives colours to the services that are shown together: to each the one that its name stands for, or where another has that, one that none
 * has. So a service looks alike wherever it is, and up to ten have no two alike.
 *
 * @param services those of one trace get the same whatever was shown before
 */
export function giveColors(services: Iterable<string>): void {
  given.clear()
  const free = new Set(Array.from({ length: COLORS }, (_, number) => number))
  const others = [...new Set(services)].sort().filter((service) => {
    let number = 0
    for (let at = 0; at < service.length; at++) number = (number * 31 + service.charCodeAt(at)) % 9973
    number %= COLORS
    given.set(service, number)
    return !free.delete(number)
  })
  for (const service of others) {
    const [number] = free
    if (number === undefined) return
    given.set(service, number)
    free.delete(number)
  }
}

/** The number of the colour of a process's service. */
export function colorNumber(process: string): number {
  return given.get(serviceOf(process)) ?? 0
}

/** The colours of colors.css as a canvas takes them, in light or dark as the page is now. */
export function canvasColors(): (name: string) => string {
  const probe = document.createElement('span')
  // As the dots in the page, it keeps its colours where the system chooses those of others.
  probe.className = 'dot'
  document.body.append(probe)
  const found = new Map<string, string>()
  const read = (name: string): string => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  for (let number = 0; number < COLORS; number++) found.set(`--service-${number}`, read(`--service-${number}`))
  for (const name of ['--faint', '--failed', '--accent']) found.set(name, read(name))
  probe.remove()
  return (name) => found.get(name) ?? ''
}
