import type { LineStart } from './container-log.js'
import type { Source } from './source.js'

/** How many bytes to read at a time. */
const CHUNK = 262_144
const LINE_FEED = 0x0a

/** Tells where records stand, by the line of the file in which they begin. It reads a file for itself, once if it is asked in order. */
export class Places {
  readonly #source: Source
  #text: Source | undefined
  #buffer: Buffer | undefined
  #starts: AsyncGenerator<LineStart> | undefined
  #start: LineStart = { length: 0, line: 1 }
  #position = 0
  #line = 1

  constructor(source: Source) {
    this.#source = source
  }

  /** Such as `/var/log/traces.yaml:1204`. @param at in bytes from the start of the text */
  async placeOf(at: number, path: string = this.#source.path): Promise<string> {
    if (at < this.#position) await this.close()
    return `${path}:${this.#source.lineStarts === undefined ? await this.#lineAt(at) : await this.#lineInLog(at)}`
  }

  async #lineAt(at: number): Promise<number> {
    this.#text ??= this.#source.again()
    this.#buffer ??= Buffer.allocUnsafe(CHUNK)
    while (this.#position < at) {
      const room = this.#buffer.subarray(0, at - this.#position)
      const count = await this.#text.read([room], this.#position)
      if (count === 0) break
      for (let each = 0; each < count; each++) if (room[each] === LINE_FEED) this.#line++
      this.#position += count
    }
    return this.#line
  }

  async #lineInLog(at: number): Promise<number> {
    this.#starts ??= this.#source.lineStarts?.()
    while (at >= this.#position + this.#start.length) {
      const next = await this.#starts?.next()
      if (next === undefined || next.done === true || next.value.length === 0) break
      this.#position += this.#start.length
      this.#start = next.value
    }
    return this.#start.line
  }

  async close(): Promise<void> {
    await this.#text?.close()
    await this.#starts?.return(undefined)
    this.#text = undefined
    this.#starts = undefined
    this.#start = { length: 0, line: 1 }
    this.#position = 0
    this.#line = 1
  }
}
