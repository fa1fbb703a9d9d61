import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, renameSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nameOf } from '../table/remedy.js'
import { isGone } from './owner.js'

/** A part of a spool: a file whose name says all that has to outlive a process. */
export interface Segment {
  /** Its file, absolute. */
  readonly file: string
  /** A time and a random number: the older ones come first. */
  readonly id: string
  /** Up to where its spans are stored, in bytes. */
  readonly offset: number
  /** Who alone may read and write it. */
  readonly owner: string
}

/** A segment as it was found. */
export interface FoundSegment extends Segment {
  /** Bytes. */
  readonly size: number
  /** When it was last touched, in milliseconds since the Unix epoch. */
  readonly touched: number
}

/** Nobody's. */
const FREE = 'free'
/** Behind the spool's own path: the id, the offset, the owner. */
const NAME = /^\.(\d{13}-[0-9a-f]{8})\.(\d{1,15})\.([0-9a-f-]+|free)$/
/** As version 0.1.0 named them: the file that was written, and those that were being read. */
const FORMER_NAME = /^(?:\.(\d{13})-\d+-\d+)?$/

/** Files that belong together, in one folder: the segments of a spool. Only renaming changes what their names say. */
export class Segments {
  readonly #path: string

  /** @param path absolute: what their names begin with */
  constructor(path: string) {
    this.#path = path
  }

  /** @returns the name of a segment that is not there yet */
  create(owner: string): Segment {
    return this.#segment(newId(Date.now()), 0, owner)
  }

  /** Oldest first; empty where the folder is missing. */
  list(): FoundSegment[] {
    const folder = dirname(this.#path)
    if (!existsSync(folder)) return []
    const name = basename(this.#path)
    return readdirSync(folder)
      .filter((file) => file.startsWith(name))
      .map((file) => found(join(folder, file), file.slice(name.length)))
      .filter((segment) => segment !== undefined)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /**
   * Gives a segment another name: for another owner, or as stored up to another place.
   *
   * @returns undefined where somebody else has renamed or deleted it before
   */
  rename(segment: Segment, change: { offset: number } | { owner: string }): Segment | undefined {
    const { id, offset, owner } = { ...segment, ...change }
    const renamed = this.#segment(id, offset, owner)
    try {
      renameSync(segment.file, renamed.file)
      return renamed
    } catch (error) {
      if (nameOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * Makes a segment that belongs to nobody, or to somebody who is gone, one's own: of all that try, one succeeds.
   *
   * @returns undefined where it is another's
   */
  claim(segment: FoundSegment, owner: string): Segment | undefined {
    if (!isGone(segment.owner, segment.touched)) return undefined
    // Before it has its new name, so that it is not stale under that.
    touch(segment)
    return this.rename(segment, { owner })
  }

  /** Leaves a segment to whoever wants it. */
  release(segment: Segment): void {
    this.rename(segment, { owner: FREE })
  }

  #segment(id: string, offset: number, owner: string): Segment {
    return { file: `${this.#path}.${id}.${offset}.${owner}`, id, offset, owner }
  }
}

/** Says that a segment's owner is still there. It may have lost it meanwhile. */
export function touch({ file }: Segment): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {}
}

function newId(time: number): string {
  return `${String(time).padStart(13, '0')}-${randomBytes(4).toString('hex')}`
}

/** @param name what follows the spool's path */
function found(file: string, name: string): FoundSegment | undefined {
  const [, id, offset, owner] = NAME.exec(name) ?? []
  const former = FORMER_NAME.exec(name)
  if (id === undefined && former === null) return undefined
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile()) return undefined
  const { size, mtimeMs: touched } = stat
  if (id === undefined) return { file, id: newId(Number(former?.[1] ?? 0)), offset: 0, owner: FREE, size, touched }
  return { file, id, offset: Number(offset), owner: owner ?? FREE, size, touched }
}
