import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, renameSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nameOf } from '../table/symptoms.js'
import { isGone } from './owner.js'

/** A file of a spool. Its name says everything that must outlive a process. */
export interface Segment {
  /** Its file, absolute. */
  readonly file: string
  /** A time and a random number. Older ids sort first. */
  readonly id: string
  /** How far its spans are stored, in bytes. */
  readonly offset: number
  /** The only one that may read and write it. */
  readonly owner: string
}

/** A segment that was found in the folder. */
export interface FoundSegment extends Segment {
  /** In bytes. */
  readonly size: number
  /** When it was last touched, in milliseconds since the Unix epoch. */
  readonly touched: number
}

/** The owner in the name of a segment that has none. */
const FREE = 'free'
/** What follows the spool's path in a name: the id, the offset, the owner. */
const NAME = /^\.(\d{13}-[0-9a-f]{8})\.(\d{1,15})\.([0-9a-f-]+|free)$/
/** The names that version 0.1.0 gave to the file being written and to those being read. */
const FORMER_NAME = /^(?:\.(\d{13})-\d+-\d+)?$/

/** The segments of a spool, all in one folder. Renaming is the only change of their state. */
export class Segments {
  readonly #path: string

  /** @param path what their names begin with, absolute */
  constructor(path: string) {
    this.#path = path
  }

  /** @returns the name for a new segment */
  create(owner: string): Segment {
    return this.#segment(newId(Date.now()), 0, owner)
  }

  /** Oldest first; empty if the folder is missing. */
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
   * Renames a segment, for another owner or another offset.
   *
   * @returns undefined if another process has renamed or deleted it first
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
   * Takes over a segment that has no owner, or whose owner is gone. Of all processes that try, one succeeds.
   *
   * @returns undefined if it belongs to another
   */
  claim(segment: FoundSegment, owner: string): Segment | undefined {
    if (!isGone(segment.owner, segment.touched)) return undefined
    // Before the renaming, so that it is not stale under its new name.
    touch(segment)
    return this.rename(segment, { owner })
  }

  /** Gives a segment up, so that another process can claim it. */
  release(segment: Segment): void {
    this.rename(segment, { owner: FREE })
  }

  #segment(id: string, offset: number, owner: string): Segment {
    return { file: `${this.#path}.${id}.${offset}.${owner}`, id, offset, owner }
  }
}

/** Shows that a segment's owner is alive. Another process may have claimed it meanwhile. */
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
