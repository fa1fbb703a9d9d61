/** Where all copies of this package in a process keep which of them traces outgoing requests. */
const ACTIVE = Symbol.for('@trace/http/clients/1')

/** Becomes the one who traces outgoing requests, so that none is traced twice. @returns false where somebody else is that */
export function takeTurn(self: symbol): boolean {
  return !isTaken() && Reflect.set(globalThis, ACTIVE, self)
}

export function endTurn(self: symbol): void {
  if (Reflect.get(globalThis, ACTIVE) === self) Reflect.deleteProperty(globalThis, ACTIVE)
}

/** Whether outgoing requests are traced by anyone, in any copy of this package. */
export function isTaken(): boolean {
  return Reflect.get(globalThis, ACTIVE) !== undefined
}
