import type { Place } from '../frame/location.js'
import type { Line } from './line.js'
import type { Choice } from './lines.js'
import type { TraceModel } from './model.js'

/** What the URL says of the lines of a trace. */
export function choiceOf(model: TraceModel, { closed, level, open, folds, root, hide, min, shut }: Place): Choice {
  const least = leastOf(min ?? '', model.tree.duration)
  const hides = new Set(list(hide))
  const isHidden: Choice['isHidden'] = ({ span, service, duration }) =>
    hides.has(`kind:${span.kind}`) || hides.has(`service:${service}`) || duration < least
  return {
    closed: new Set(list(closed)),
    opened: new Set(list(open)),
    level: level === undefined ? Infinity : Number(level),
    kinds: new Set(list(shut)),
    folds: folds !== 'off',
    root: root === undefined ? undefined : model.find(root),
    isHidden: hides.size === 0 && !(least > 0) ? undefined : isHidden,
    frame: JSON.stringify([level, folds, root, hide, min, shut]),
  }
}

/** @param min in ms, or a share of the trace such as `5%` @returns in ns */
function leastOf(min: string, duration: number): number {
  const number = Number.parseFloat(min)
  if (!(number > 0)) return 0
  return min.endsWith('%') ? (number / 100) * duration : number * 1e6
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',').map(decoded)
}

/** Anybody may have written the URL. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Opens what is closed, and closes what is open. */
export function toggled({ closed, open }: Place, { id, isClosed }: Line): Place {
  const [closedOnes, openOnes] = [new Set(list(closed)), new Set(list(open))]
  if (isClosed) {
    closedOnes.delete(id)
    openOnes.add(id)
  } else {
    openOnes.delete(id)
    // A fold is closed unless it is open.
    if (!id.startsWith('f')) closedOnes.add(id)
  }
  return { closed: textOf(closedOnes), open: textOf(openOnes) }
}

/** What the list of a parameter is once a thing is put into it, or taken out of it: what is hidden, `hide`, or closed by kind, `shut`. */
export function switched(at: Place, parameter: 'hide' | 'shut', what: string): Place {
  const all = new Set(list(at[parameter]))
  if (!all.delete(what)) all.add(what)
  return { [parameter]: textOf(all) }
}

export function isListed(at: Place, parameter: 'hide' | 'shut', what: string): boolean {
  return list(at[parameter]).includes(what)
}

function textOf(all: ReadonlySet<string>): string {
  return [...all].map(encodeURIComponent).join(',')
}
