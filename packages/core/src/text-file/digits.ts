export const BILLION = 1_000_000_000
const ZERO = 0x30

/** The numbers below a thousand: the codes of three digits, the first in the lowest byte. */
const THREE_DIGITS = Int32Array.from({ length: 1_000 }, (_, number) => {
  const [hundreds, tens] = [Math.floor(number / 100), Math.floor(number / 10)]
  return ((ZERO + number - 10 * tens) << 16) | ((ZERO + tens - 10 * hundreds) << 8) | (ZERO + hundreds)
})

// Each of these writes digits from a place on, and returns the place behind them. Up to a word behind that is overwritten.

/** A number of 64 bits in its two halves. */
export function add64(view: DataView, at: number, upper: number, lower: number): number {
  // One too many or too few at most, since a double holds the upper 53 bits. The rest tells.
  let billions = Math.floor((upper * 0x1_0000_0000 + lower) / BILLION)
  let rest = (lower - Math.imul(billions, BILLION)) | 0
  if (rest < 0) {
    billions--
    rest += BILLION
  } else if (rest >= BILLION) {
    billions++
    rest -= BILLION
  }
  if (billions === 0) return addFirst(view, at, rest)
  if (billions < BILLION) return addNine(view, addFirst(view, at, billions | 0), rest)
  const top = (billions / BILLION) | 0
  return addNine(view, addNine(view, addFirst(view, at, top), (billions - top * BILLION) | 0), rest)
}

/** A number below a billion without leading zeros. */
export function addFirst(view: DataView, at: number, number: number): number {
  if (number < 1_000) {
    const digits = number < 10 ? 1 : number < 100 ? 2 : 3
    view.setInt32(at, (THREE_DIGITS[number] ?? 0) >> (8 * (3 - digits)), true)
    return at + digits
  }
  const thousands = (number / 1_000) | 0
  return addThree(view, addFirst(view, at, thousands), number - thousands * 1_000)
}

export function addNine(view: DataView, at: number, number: number): number {
  const millions = (number / 1_000_000) | 0
  const rest = number - millions * 1_000_000
  const thousands = (rest / 1_000) | 0
  addThree(view, at, millions)
  addThree(view, at + 3, thousands)
  return addThree(view, at + 6, rest - thousands * 1_000)
}

export function addThree(view: DataView, at: number, number: number): number {
  view.setInt32(at, THREE_DIGITS[number] ?? 0, true)
  return at + 3
}

/** @returns the place behind the last digit that is no zero */
export function withoutZeros(view: DataView, end: number): number {
  let at = end
  while (view.getUint8(at - 1) === ZERO) at--
  return at
}
