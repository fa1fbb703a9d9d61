import { isUtf8 } from 'node:buffer'

/** How many pairs of bytes to look at for UTF-16: an ASCII character has one byte of 0 in each pair. */
const PAIRS = 3

/** Why bytes cannot be read as UTF-8, and what to do about it; undefined if they can. */
export function encodingProblem(bytes: Buffer): string | undefined {
  const nul = bytes.indexOf(0)
  if (nul >= 0 && isUtf16(bytes.subarray(nul, nul + 2 * PAIRS))) {
    return 'it is in UTF-16; convert it, such as by iconv -f UTF-16 -t UTF-8'
  }
  return isUtf8(bytes) ? undefined : 'it is not UTF-8'
}

/** @param bytes the bytes from the first 0 on */
function isUtf16(bytes: Buffer): boolean {
  return bytes.length > PAIRS && bytes.every((byte, at) => (byte === 0) === (at % 2 === 0))
}
