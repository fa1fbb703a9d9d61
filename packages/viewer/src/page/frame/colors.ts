import { serviceOf } from '@trace/core/spans'

/** How many colours colors.css has for services: `--service-0` …, told apart by colour-blind people, in light and dark. */
const COLORS = 10

const given = new Map<string, number>()

/** The number of a service's colour: the first service gets the first, so that a trace of up to ten has no two alike. */
export function colorNumber(process: string): number {
  const service = serviceOf(process)
  let number = given.get(service)
  if (number === undefined) {
    number = given.size % COLORS
    given.set(service, number)
  }
  return number
}

/** The colours of colors.css as a canvas takes them, in light or dark as the page is now. */
export function canvasColors(): (name: string) => string {
  const probe = document.createElement('span')
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
