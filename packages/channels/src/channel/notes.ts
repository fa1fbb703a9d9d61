class Itself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: a class below adds its private field to this object.
    return object
  }
}

/** What is noted on objects of others. */
export interface Notes<Value> {
  put(object: object, value: Value): void
  of(object: object): Value | undefined
}

/** Notes values on objects, in a field that nobody else sees: a WeakMap takes several times as long to collect. */
export function notes<Value>(): Notes<Value> {
  return class Note extends Itself {
    #value: Value | undefined

    static put(object: object, value: Value): void {
      const note = #value in object ? object : new Note(object)
      note.#value = value
    }

    static of(object: object): Value | undefined {
      return #value in object ? object.#value : undefined
    }
  }
}
