import { formatTime, onOneLine } from '@trace/core/spans'
import type { ClockSkew } from '../tree/clock-skew.js'
import type { Loss, Missing, MissingParent } from '../tree/missing.js'
import type { SpanNode } from '../tree/node.js'
import { formatDuration } from './duration.js'

/** What is to be said of a trace besides its tree. */
export interface TraceNotes {
  readonly missing?: Missing
  readonly skews?: readonly ClockSkew[]
  /** Whether the times that are shown are corrected by the skews. Default: false. */
  readonly isCorrected?: boolean
  /** Writes a time, given in ns since the Unix epoch. Default: ISO 8601 in UTC. */
  readonly time?: (time: bigint) => string
}

type Time = NonNullable<TraceNotes['time']>

/** How many notes of a sort are made: the rest is counted. */
const MOST_NOTES = 5

/**
 * Says what a trace lacks and why, and which clocks differ: a line for each.
 *
 * @returns lines without line breaks; none if there is nothing to say
 */
export function noteLines({ missing, skews = [], isCorrected = false, time = timeOf }: TraceNotes): string[] {
  return [
    ...(missing === undefined ? [] : missingNotes(missing, time)),
    ...some(skews, (skew) => skewNote(skew, isCorrected), 'clocks'),
  ]
}

/** A loss is told once, however many spans it explains. */
function missingNotes({ parents, losses, open }: Missing, time: Time): string[] {
  const told = new Set<Loss>()
  const ofParents = some(parents, (parent) => parentNote(parent, told, time), 'spans whose parents are not stored')
  const ofLosses = some(
    losses.filter((loss) => !told.has(loss)),
    (loss) => `${lostText(loss, time)}; some may be of this trace`,
    'losses',
  )
  const ofOpen = some(
    open,
    ({ node, lastSeen }) => `${nameOf(node)} is open; its process was last heard of at ${time(lastSeen)}`,
    'open spans',
  )
  return [...ofParents, ...ofLosses, ...ofOpen]
}

function some<Thing>(things: readonly Thing[], noteOf: (thing: Thing) => string, what: string): string[] {
  const notes = things.slice(0, MOST_NOTES).map(noteOf)
  return things.length > MOST_NOTES ? [...notes, `and ${things.length - MOST_NOTES} more ${what}`] : notes
}

/** @param told the losses that were told before; gets the one that is told here */
function parentNote({ node, reason, losses }: MissingParent, told: Set<Loss>, time: Time): string {
  const what = `the parent of ${nameOf(node)} (${node.span.parentId}) is not stored`
  if (reason === 'another system')
    return `${what}: it belongs to another system, or to a service that records elsewhere`
  if (reason === 'not known') return `${what}: its spans are stored elsewhere, or its process did not record it`
  const [loss] = losses
  if (loss === undefined) return what
  if (told.has(loss)) return `${what}: it may be among those that ${onOneLine(loss.process)} lost`
  told.add(loss)
  return `${what}: ${lostText(loss, time)}`
}

const REASONS: Readonly<Record<string, string>> = {
  queue_full: 'its queue was full',
  closed: 'its tracer was closed',
  failed: 'its store did not take them',
}

function lostText({ process, start, finish, lost, reasons }: Loss, time: Time): string {
  const why = Object.keys(reasons).map((reason) => REASONS[reason] ?? reason)
  const spans = lost === 1 ? '1 span' : `${lost} spans`
  return `${onOneLine(process)} lost ${spans} from ${time(start)} to ${time(finish)} (${why.join(', ')})`
}

function skewNote({ host, reference, offset, calls }: ClockSkew, isCorrected: boolean): string {
  const by = `by some ${formatDuration(Math.abs(offset))}, as ${calls === 1 ? 'a call shows' : `${calls} calls show`}`
  const shown = isCorrected ? 'its times are corrected here' : 'times are shown as they were recorded'
  return `the clock of ${onOneLine(host)} is ${offset > 0 ? 'ahead of' : 'behind'} that of ${onOneLine(reference)} ${by}; ${shown}`
}

function nameOf({ service, span }: SpanNode): string {
  const words = [service, span.kind, span.name].filter((word) => word !== '')
  return onOneLine(words.join('  '), 120)
}

function timeOf(time: bigint): string {
  try {
    return formatTime(time)
  } catch {
    return `${time} ns`
  }
}
