import fc from 'fast-check'

const SURROGATES = 0x800
const FIRST_SURROGATE = 0xd800

/**
 * Any character of Unicode, control characters and those that nothing is assigned to included: the unit of a string,
 * `fc.string({ unit: anyCharacter })`. It is what fast-check calls `binary`, for which that makes a map of all million characters, in a
 * second of each test file.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(0x10ffff - SURROGATES)
  .map((at) => String.fromCodePoint(at < FIRST_SURROGATE ? at : at + SURROGATES), placeOf)

/** @throws {Error} for what is no character, by which fast-check knows that it did not come from here */
function placeOf(value: unknown): number {
  const code = typeof value === 'string' ? (value.codePointAt(0) ?? -1) : -1
  const isSurrogate = code >= FIRST_SURROGATE && code < FIRST_SURROGATE + SURROGATES
  if (code < 0 || isSurrogate || value !== String.fromCodePoint(code)) throw new Error('no character')
  return code < FIRST_SURROGATE ? code : code - SURROGATES
}
