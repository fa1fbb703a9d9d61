import { collectionOf } from './mongo-command.js'

/** What of a command of MongoDB can be recorded. */
export interface DescribedCommand {
  readonly collection: string | undefined
  /** The command and its collection, such as `find users`. */
  readonly summary: string
  /** The command as JSON without its values: each becomes `?`. Documents that are inserted are left out. */
  readonly text: string
}

/** How deep and how broad a command is shown, in how many objects and lists, and how many characters of a name and of the whole. */
const [MAX_DEPTH, MAX_KEYS, MAX_OBJECTS, MAX_NAME, MAX_TEXT] = [8, 20, 200, 128, 4_096]

/** What a shape is made of: names of fields, a name that is shown as a value, and what has a text of its own. */
const [NAME, NAME_AS_VALUE, VALUE, CUT, OPEN_MAP, CLOSE_MAP, OPEN_LIST, CLOSE_LIST] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const TEXTS: readonly string[] = ['', '', '"?"', '"…"', '{', '}', '[', ']']

/** The shape of a command: programs repeat a few, and to compare them takes much less time than to make a text. */
class CommandShape {
  readonly #marks: number[] = []
  #length = 0
  readonly #names: string[] = []
  #named = 0
  #hash = 0
  #objects = 0
  #hasCutName = false

  take(name: string, collection: string | undefined, command: Readonly<Record<string, unknown>>): void {
    this.#length = 0
    this.#named = 0
    this.#hash = 0
    this.#objects = 0
    this.#hasCutName = false
    this.#add(OPEN_MAP)
    this.#addName(NAME, name)
    if (collection === undefined) this.#add(VALUE)
    else this.#addName(NAME_AS_VALUE, collection)
    // Each by its name, since V8 takes longer for keys in a loop.
    const { filter, query, pipeline, updates, deletes, update, projection, sort } = command
    this.#addField(name, 'filter', filter)
    this.#addField(name, 'query', query)
    this.#addField(name, 'pipeline', pipeline)
    this.#addField(name, 'updates', updates)
    this.#addField(name, 'deletes', deletes)
    this.#addField(name, 'update', update)
    this.#addField(name, 'projection', projection)
    this.#addField(name, 'sort', sort)
    this.#add(CLOSE_MAP)
  }

  #addField(command: string, name: string, value: unknown): void {
    // Under the name of the command itself is the name of the collection, shown already.
    if (value === undefined || name === command) return
    this.#addName(NAME, name)
    this.#addValue(value, MAX_DEPTH)
  }

  #addValue(value: unknown, depth: number): void {
    if (isList(value)) {
      if (!this.#enters(depth)) return
      this.#add(OPEN_LIST)
      for (let at = 0; at < value.length && at < MAX_KEYS; at++) this.#addValue(value[at], depth - 1)
      this.#add(CLOSE_LIST)
    } else if (isDocument(value)) {
      if (this.#enters(depth)) this.#addFields(value, depth)
    } else this.#add(VALUE)
  }

  #addFields(document: Readonly<Record<string, unknown>>, depth: number): void {
    this.#add(OPEN_MAP)
    const keys = Object.keys(document)
    for (let at = 0; at < keys.length && at < MAX_KEYS; at++) {
      const key = keys[at] ?? ''
      this.#addName(NAME, key)
      this.#addValue(document[key], depth - 1)
    }
    if (keys.length > MAX_KEYS) {
      this.#addName(NAME, '…')
      this.#add(CUT)
    }
    this.#add(CLOSE_MAP)
  }

  #enters(depth: number): boolean {
    const isIn = depth > 0 && this.#objects++ < MAX_OBJECTS
    if (!isIn) this.#add(CUT)
    return isIn
  }

  #addName(mark: typeof NAME | typeof NAME_AS_VALUE, name: string): void {
    this.#add(mark)
    const isLong = name.length > MAX_NAME
    if (isLong) this.#hasCutName = true
    this.#names[this.#named++] = isLong ? name.slice(0, MAX_NAME) : name
    const { length } = name
    if (length === 0) return
    // Few names differ elsewhere only, and to look at each character would take long.
    const ends = (name.charCodeAt(0) << 8) ^ (name.charCodeAt(length - 1) << 20)
    this.#mix(length ^ ends ^ (name.charCodeAt(length >> 1) << 14))
  }

  #add(mark: number): void {
    this.#marks[this.#length++] = mark
    this.#mix(mark)
  }

  #mix(part: number): void {
    this.#hash = (Math.imul(this.#hash, 31) + part) | 0
  }

  hash(): number {
    return this.#hash ^ (this.#hash >>> 8) ^ (this.#hash >>> 16) ^ (this.#hash >>> 24)
  }

  equals({ marks, names }: Parts): boolean {
    if (marks.length !== this.#length || names.length !== this.#named) return false
    for (let at = 0; at < marks.length; at++) if (marks[at] !== this.#marks[at]) return false
    for (let at = 0; at < names.length; at++) if (names[at] !== this.#names[at]) return false
    return true
  }

  /** Undefined where a name was cut: what is left of it would keep the whole in memory. */
  parts(): Parts | undefined {
    if (this.#hasCutName) return undefined
    return { marks: this.#marks.slice(0, this.#length), names: this.#names.slice(0, this.#named) }
  }

  /** The shape as JSON. */
  text(): string {
    let text = ''
    let isFirst = true
    let named = 0
    for (let at = 0; at < this.#length && text.length <= MAX_TEXT; at++) {
      const mark = this.#marks[at] ?? CUT
      const isClosing = mark === CLOSE_MAP || mark === CLOSE_LIST
      if (!isFirst && !isClosing) text += ','
      const isName = mark === NAME || mark === NAME_AS_VALUE
      text += isName ? JSON.stringify(this.#names[named++]) : TEXTS[mark]
      if (mark === NAME) text += ':'
      isFirst = mark === NAME || mark === OPEN_MAP || mark === OPEN_LIST
    }
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} [cut]` : text
  }
}

interface Parts {
  readonly marks: readonly number[]
  readonly names: readonly string[]
}

/** A list of conditions or stages; not one of values, of which the number would be shown. */
function isList(value: unknown): value is readonly object[] {
  if (!Array.isArray(value) || value.length === 0) return false
  for (let at = 0; at < value.length && at < MAX_KEYS; at++) if (!isDocument(value[at])) return false
  return true
}

/** An object of fields, and no value of BSON's: an ObjectId, a Date, a Binary. */
function isDocument(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return false
  // As the driver asks.
  const { _bsontype: type }: { readonly _bsontype?: unknown } = value
  return type === undefined || type === null
}

interface Remembered {
  readonly parts: Parts
  readonly described: DescribedCommand
}

/** Of a shape and its text, in parts and characters: with these, what is remembered takes at most 1 MB. */
const MAX_REMEMBERED = 512

const shape = new CommandShape()
/** By the hash of the shape; of those with the same hash, the last. */
const remembered: (Remembered | undefined)[] = new Array(256).fill(undefined)

/** Describes a command as it is now. @param name its first key */
export function describeCommand(name: string, command: Readonly<Record<string, unknown>>): DescribedCommand {
  const collection = collectionOf(name, command)
  shape.take(name, collection, command)
  const place = shape.hash() & 0xff
  const before = remembered[place]
  if (before !== undefined && shape.equals(before.parts)) return before.described
  const text = shape.text()
  const described = { collection, summary: collection === undefined ? name : `${name} ${collection}`, text }
  const parts = shape.parts()
  if (parts !== undefined && parts.marks.length + text.length <= MAX_REMEMBERED)
    remembered[place] = { parts, described }
  return described
}
