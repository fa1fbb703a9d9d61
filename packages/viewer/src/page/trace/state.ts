import type { Place } from '../frame/location.js'
import type { Choice, Line } from './lines.js'
import type { TraceModel } from './model.js'

/** What the URL says of the lines of a trace. */
export function choiceOf(model: TraceModel, { closed, level, open, folds, root, hide, min }: Place): Choice {
  const least = Number(min ?? 0) * 1e6
  const hides = new Set(list(hide))
  const isHidden: Choice['isHidden'] = ({ span, service, duration }) =>
    hides.has(`kind:${span.kind}`) || hides.has(`service:${service}`) || duration < least
  return {
    closed: new Set(list(closed)),
    opened: new Set(list(open)),
    level: level === undefined ? Infinity : Number(level),
    folds: folds !== 'off',
    root: root === undefined ? undefined : model.find(root),
    isHidden: hides.size === 0 && !(least > 0) ? undefined : isHidden,
    frame: JSON.stringify([level, folds, root, hide, min]),
  }
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

/** Hides what is shown of a kind or service, and shows what is hidden. */
export function hidden({ hide }: Place, what: string): Place {
  const all = new Set(list(hide))
  if (!all.delete(what)) all.add(what)
  return { hide: textOf(all) }
}

export function isHidden({ hide }: Place, what: string): boolean {
  return list(hide).includes(what)
}

function textOf(all: ReadonlySet<string>): string {
  return [...all].map(encodeURIComponent).join(',')
}
