import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadOptions } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { errorCode, TraceError } from '../values/errors.js'
import { filesOf, listRotated, openSource } from './open-store.js'
import type { Piece, ReadFormat } from './read-format.js'
import { isSameFile, type RotatedFile } from './rotated.js'
import { Watched } from './watched.js'

/** Time between two looks at the file, in ms. A person sees no delay, and a look costs microseconds. */
const POLL = 200
/** How long a file that was rotated or deleted is still read, in ms: a writer that had opened it may write to it once more. */
const LINGER = 2_000
/** How many files that were read are remembered, in case they are found again, compressed. */
const MAX_HEADS = 100
/** How long before the last write to a file the one after it may have been written to for the last time, in ms. */
const SLACK = 1_000

/**
 * Yields the spans that are written to files from now on. Waits for a file that does not exist yet. If a file is truncated, goes on at
 * its start. If it is rotated or replaced by another, reads it to its end, and goes on with the next one.
 *
 * @param paths may stand for several files each
 */
export async function* followFiles<P extends Piece>(
  paths: readonly string[],
  name: string,
  format: ReadFormat<P>,
  { signal, onPlace }: ReadOptions,
): AsyncGenerator<readonly Span[]> {
  const followed = new Map<string, Followed<P>>()
  const ended = (): boolean => signal?.aborted === true
  // A signal of its own: Node 20 warns of the eleventh listener of a signal, and many may follow until the same one aborts.
  const end = signal === undefined ? {} : { signal: AbortSignal.any([signal]) }
  try {
    for (let isFirst = true; !ended(); isFirst = false) {
      for (const path of paths) {
        for (const file of await filesOf(path)) {
          if (!followed.has(file)) followed.set(file, new Followed(file, name, format, isFirst))
        }
      }
      for (const each of followed.values()) {
        for (const file of await each.look()) {
          for (let goesOn = true; goesOn; ) {
            const spans: Span[] = []
            goesOn = await file.read(spans, onPlace)
            if (spans.length > 0) yield spans
            if (ended()) return
          }
        }
      }
      await sleep(POLL, undefined, end).catch(() => {})
    }
  } finally {
    for (const each of followed.values()) await each.close()
  }
}

/** The files to read: the one at the path, after those that were there and have been rotated since. */
class Followed<P extends Piece> {
  readonly #path: string
  readonly #name: string
  readonly #format: ReadFormat<P>
  #files: Watched<P>[] = []
  /** The rotated files that are not to be read, or have been. */
  #known: Set<string> | undefined
  /** How the files begin that have been read. */
  readonly #heads: string[] = []
  /** When the file that was last at the path was last written to, in ms since the Unix epoch. */
  #since = Infinity

  readonly #skipsFirst: boolean

  /** @param skipsFirst whether what is there already is not to be read */
  constructor(path: string, name: string, format: ReadFormat<P>, skipsFirst: boolean) {
    this.#skipsFirst = skipsFirst
    this.#path = path
    this.#name = name
    this.#format = format
  }

  /** @returns the files to read now, oldest first */
  async look(): Promise<readonly Watched<P>[]> {
    const now = performance.now()
    const at = await stat(this.#path).catch(() => undefined)
    const current = this.#files.find(({ source }) => at !== undefined && isSameFile(source.stats, at))
    for (const file of this.#files) {
      if (file === current) file.leftAt = undefined
      else file.leftAt ??= now
    }
    const done = this.#files.filter(({ leftAt = now }) => now - leftAt > LINGER)
    this.#files = this.#files.filter((file) => !done.includes(file))
    for (const file of done) {
      this.#heads.push(await file.head())
      await file.close()
    }
    this.#heads.splice(0, this.#heads.length - MAX_HEADS)
    if (current === undefined) await this.#openNext()
    return this.#files
  }

  /** Opens the file at the path, and what has been there since the last look and was rotated. */
  async #openNext(): Promise<void> {
    this.#since = (await this.#files.at(-1)?.lastWrite()) ?? this.#since
    // Before the others are listed: so none is missed that is rotated meanwhile.
    const current = await this.#open(this.#path, this.#known === undefined && this.#skipsFirst)
    const heads = new Set(this.#heads)
    for (const file of [...this.#files, current]) if (file !== undefined) heads.add(await file.head())
    const known = new Set<string>()
    for (const file of await listRotated(this.#path)) {
      const found = await statsOf(file)
      // One that is empty only reserves its name.
      if (found === undefined || found.stats.size === 0) continue
      const key = `${file.number}:${found.stats.ino}`
      // A file that is compressed is another one, of the same number.
      known.add(key).add(`${file.number}`)
      if (this.#known?.has(found.gzip ? `${file.number}` : key) !== false) continue
      if (found.stats.mtimeMs >= this.#since - SLACK) await this.#openRotated(file, heads)
    }
    if (current !== undefined) this.#files.push(current)
    this.#known = known
  }

  /** @param heads how the files begin that are not to be read again */
  async #openRotated({ path, gzip }: RotatedFile, heads: Set<string>): Promise<void> {
    const file = (await this.#open(path, false)) ?? (gzip ? undefined : await this.#open(`${path}.gz`, false))
    if (file === undefined) return
    const head = await file.head()
    if (heads.has(head)) return file.close()
    heads.add(head)
    this.#files.push(file)
  }

  /** @param atEnd whether to skip what is in the file already @returns undefined if there is no file */
  async #open(path: string, atEnd: boolean): Promise<Watched<P> | undefined> {
    try {
      const source = await openSource(path, this.#name)
      return await Watched.from(source, this.#format, atEnd)
    } catch (error) {
      if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close()
  }
}

/** A rotated file, which may have been compressed since it was listed; undefined if it is gone. */
async function statsOf(file: RotatedFile): Promise<(RotatedFile & { readonly stats: Stats }) | undefined> {
  try {
    return { ...file, stats: await stat(file.path) }
  } catch {
    return file.gzip ? undefined : statsOf({ ...file, path: `${file.path}.gz`, gzip: true })
  }
}
