import { collectionOf } from './mongo-command.js'

/** What of a command of MongoDB can be recorded. */
export interface DescribedCommand {
  readonly collection: string | undefined
  /** The command and its collection, such as `find users`. */
  readonly summary: string
  /** The command as JSON without its values: each becomes `?`. Documents that are inserted are left out. */
  readonly text: string
}

/** What is recorded of a command, with `?` for each value. */
const SHOWN = ['filter', 'query', 'pipeline', 'updates', 'deletes', 'update', 'projection', 'sort']

/** How deep and how broad a command is shown, in how many objects and lists, and how many characters of a name and of the whole. */
const [MAX_DEPTH, MAX_KEYS, MAX_OBJECTS, MAX_NAME, MAX_TEXT] = [8, 20, 200, 128, 4_096]

/** What a shape is made of, besides the numbers of its names. */
const [VALUE, CUT, OPEN_MAP, CLOSE_MAP, OPEN_LIST, CLOSE_LIST] = [-1, -2, -3, -4, -5, -6] as const
const MARKS: Readonly<Record<number, string>> = {
  ...{ [VALUE]: '"?"', [CUT]: '"…"' },
  ...{ [OPEN_MAP]: '{', [CLOSE_MAP]: '}', [OPEN_LIST]: '[', [CLOSE_LIST]: ']' },
}

/** How many characters of names are remembered. */
const MAX_NAMES = 65_536

/** The shape of a command, in numbers: programs repeat a few, and numbers take much less time than a text. */
class CommandShape {
  readonly #numbers = new Map<string, number>()
  /** By their numbers. */
  readonly #names: string[] = []
  #characters = 0
  /** A name of a field is twice its number, one that is shown as a value has one more. Others are marks. */
  readonly #parts: number[] = []
  #length = 0
  #objects = 0

  /** @returns whether names have been forgotten, and with them what any shape of before means */
  take(name: string, collection: string | undefined, command: Readonly<Record<string, unknown>>): boolean {
    const forgets = this.#characters > MAX_NAMES
    if (forgets) this.#forget()
    this.#length = 0
    this.#objects = 0
    this.#add(OPEN_MAP)
    this.#addName(name)
    if (collection === undefined) this.#add(VALUE)
    else this.#add(this.#numberOf(collection) * 2 + 1)
    for (const key of SHOWN) {
      const value = command[key]
      // The name of a collection, shown already.
      if (value === undefined || key === name) continue
      this.#addName(key)
      this.#addValue(value, MAX_DEPTH)
    }
    this.#add(CLOSE_MAP)
    return forgets
  }

  #forget(): void {
    this.#numbers.clear()
    this.#names.length = 0
    this.#characters = 0
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
      this.#addName(key)
      this.#addValue(document[key], depth - 1)
    }
    if (keys.length > MAX_KEYS) {
      this.#addName('…')
      this.#add(CUT)
    }
    this.#add(CLOSE_MAP)
  }

  #enters(depth: number): boolean {
    const isIn = depth > 0 && this.#objects++ < MAX_OBJECTS
    if (!isIn) this.#add(CUT)
    return isIn
  }

  #addName(name: string): void {
    this.#add(this.#numberOf(name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name) * 2)
  }

  #add(part: number): void {
    this.#parts[this.#length++] = part
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.#names.length)
    this.#characters += name.length
    return this.#names.push(name) - 1
  }

  hash(): number {
    let hash = 0
    for (let at = 0; at < this.#length; at++) hash = (Math.imul(hash, 31) + (this.#parts[at] ?? 0)) | 0
    return hash ^ (hash >>> 8) ^ (hash >>> 16)
  }

  equals(parts: readonly number[]): boolean {
    if (parts.length !== this.#length) return false
    for (let at = 0; at < parts.length; at++) if (parts[at] !== this.#parts[at]) return false
    return true
  }

  parts(): readonly number[] {
    return this.#parts.slice(0, this.#length)
  }

  /** The shape as JSON. */
  text(): string {
    let text = ''
    let isFirst = true
    for (let at = 0; at < this.#length && text.length <= MAX_TEXT; at++) {
      const part = this.#parts[at] ?? CUT
      const isClosing = part === CLOSE_MAP || part === CLOSE_LIST
      if (!isFirst && !isClosing) text += ','
      const isName = part >= 0 && part % 2 === 0
      text += MARKS[part] ?? `${JSON.stringify(this.#names[part >> 1])}${isName ? ':' : ''}`
      isFirst = isName || part === OPEN_MAP || part === OPEN_LIST
    }
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} [cut]` : text
  }
}

/** A list of conditions or stages; not one of values, of which the number would be shown. */
function isList(value: unknown): value is readonly object[] {
  if (!Array.isArray(value) || value.length === 0) return false
  for (let at = 0; at < value.length && at < MAX_KEYS; at++) if (!isDocument(value[at])) return false
  return true
}

/** An object of fields, and no value of BSON's: an ObjectId, a Date, a Binary. */
function isDocument(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || '_bsontype' in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

interface Remembered {
  readonly parts: readonly number[]
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
  if (shape.take(name, collection, command)) remembered.fill(undefined)
  const place = shape.hash() & 0xff
  const before = remembered[place]
  if (before !== undefined && shape.equals(before.parts)) return before.described
  const text = shape.text()
  const described = { collection, summary: collection === undefined ? name : `${name} ${collection}`, text }
  const parts = shape.parts()
  if (parts.length + text.length <= MAX_REMEMBERED) remembered[place] = { parts, described }
  return described
}
