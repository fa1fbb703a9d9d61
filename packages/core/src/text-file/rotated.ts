import type { Stats } from 'node:fs'
import { basename } from 'node:path'

/** A file that was moved out of the way of the one that is written to, such as `traces.yaml.7` or `traces.yaml.7.gz`. */
export interface RotatedFile {
  readonly path: string
  readonly number: number
  readonly gzip: boolean
}

const ENDING = /^\.(\d{1,15})(\.gz)?$/
const SIDE_ENDING = /^\.(?:lock|\d{1,15}(?:\.gz(?:\.tmp)?)?)$/

/**
 * The rotated files of a file, lowest number first. If a number is there both plain and compressed, that is while it is compressed,
 * and only the plain one is given.
 *
 * @param names the names in its folder
 */
export function rotatedFiles(path: string, names: readonly string[]): RotatedFile[] {
  const name = basename(path)
  const byNumber = new Map<number, RotatedFile>()
  for (const each of names) {
    const ending = each.startsWith(name) ? ENDING.exec(each.slice(name.length)) : null
    if (ending === null) continue
    const number = Number(ending[1])
    const gzip = ending[2] !== undefined
    if (!gzip || !byNumber.has(number)) byNumber.set(number, { path: path + ending[0], number, gzip })
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number)
}

/** Whether a file was rotated from another one, or is one of those that rotation needs for a moment. */
export function isSideFile(path: string, of: string): boolean {
  return path.startsWith(of) && SIDE_ENDING.test(path.slice(of.length))
}

/** Whether these are of the same file. */
export function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

/**
 * Permissions that are taken from a rotated file before it is compressed: what is written to it from then on may be missing in the
 * compressed one.
 */
export const WRITABLE = 0o222
