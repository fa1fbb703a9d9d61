/** How many bytes to read at a time. */
const CHUNK = 262_144
/** A line longer than this is not waited for: no record is as long. */
const MAX_LINE = 16 * 1024 * 1024
const LINE_FEED = 0x0a
const END = Buffer.from('\n')

/**
 * What container runtimes write before each line in the files of their logs. A long line is cut into parts (`P`), of which the last is
 * marked (`F`): https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
 */
const PREFIX = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([FP])(?::\S*)? /
/** The longest prefix, in bytes. */
const MAX_PREFIX = 64

/** A line of what a program has printed. */
export interface LineStart {
  /** In bytes, with its line break; 0 if there is no more yet. */
  readonly length: number
  /** The line of the log that has its first part, from 1 on. */
  readonly line: number
}

/** What a log is read from. */
interface Log {
  read(buffers: readonly Buffer[], position: number): Promise<number>
}

export function isContainerLog(start: Buffer): boolean {
  return PREFIX.test(start.toString('latin1'))
}

/**
 * What the program in a container has printed to standard output, without what stands before each line in its log. What it has
 * printed to standard error is left out: that may stand amid the lines of a document. Gives an empty chunk if there is no more yet.
 */
export async function* withoutPrefixes(log: Log): AsyncGenerator<Buffer> {
  const lines = new Lines()
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; ; ) {
    const count = await log.read([chunk], at)
    at += count
    if (count === 0) yield chunk.subarray(0, 0)
    const text = lines.take(chunk.subarray(0, count))
    if (text.length > 0) yield text
  }
}

/** Where the lines of {@link withoutPrefixes} stand in the log. */
export async function* lineStarts(log: Log): AsyncGenerator<LineStart> {
  const starts: LineStart[] = []
  const lines = new Lines((start) => starts.push(start))
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; ; ) {
    const count = await log.read([chunk], at)
    at += count
    if (count === 0) yield { length: 0, line: 0 }
    lines.take(chunk.subarray(0, count))
    yield* starts.splice(0)
  }
}

class Lines {
  readonly #onLine: ((start: LineStart) => void) | undefined
  /** How many lines of the log have come, and which of them has the first part of the line under way. */
  #count = 0
  #first = 0
  /** The beginning of a line that has not ended yet. */
  #rest: Buffer = Buffer.alloc(0)
  /** The parts of the line of standard output under way. */
  readonly #parts: Buffer[] = []
  #length = 0

  constructor(onLine?: (start: LineStart) => void) {
    this.#onLine = onLine
  }

  take(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#rest, chunk])
    const text: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#line(bytes.subarray(start, end), text)
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
    if (this.#rest.length > MAX_LINE) {
      text.push(this.#rest, END)
      this.#onLine?.({ length: this.#rest.length + 1, line: this.#count + 1 })
      this.#rest = Buffer.alloc(0)
    }
    return Buffer.concat(text)
  }

  #line(line: Buffer, text: Buffer[]): void {
    this.#count++
    const prefix = PREFIX.exec(line.toString('latin1', 0, MAX_PREFIX))
    if (prefix === null) {
      text.push(line, END)
      this.#onLine?.({ length: line.length + 1, line: this.#count })
      return
    }
    const [{ length }, stream, part] = prefix
    if (stream !== 'stdout') return
    if (this.#parts.length === 0) this.#first = this.#count
    this.#parts.push(line.subarray(length))
    this.#length += line.length
    if (part === 'P' && this.#length < MAX_LINE) return
    const parts = this.#parts.splice(0)
    text.push(...parts, END)
    this.#onLine?.({ length: parts.reduce((sum, part) => sum + part.length, 1), line: this.#first })
    this.#length = 0
  }
}
