import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { nameOf } from '../table/symptoms.js'

/** An owner that has not touched its file for this time counts as gone, if it is on another host or in a container. In ms. */
export const STALE_MS = 60_000

/** A process, or a part of it, that has files of its own. */
interface Owner {
  readonly pid: number
  /** When it started, in the kernel's ticks since the boot, or {@link UNKNOWN}. */
  readonly started: string
  /** The processes that can see each other's ids: those of one boot of one host, and of the same container. */
  readonly domain: string
}

/** The start of a process, on systems that do not tell it. */
const UNKNOWN = '0'
/** States of a process that has ended and whose parent has not noticed yet. */
const DEAD = ['Z', 'X']
const OWNER = /^(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}$/

let self: Owner | undefined

/** @returns a new name for an owner in this process, such as `4711-98765-3f2a9c1d-0b1c2d3e` */
export function newOwner(): string {
  const { pid, started, domain } = thisProcess()
  return `${pid}-${started}-${domain}-${randomBytes(4).toString('hex')}`
}

/**
 * Whether an owner is gone. For a process of this host, the system tells at once. For all others, the time when it last touched
 * its file tells.
 *
 * @param name what {@link newOwner} gave; any other text means no owner
 * @param touched when the file was last touched, in milliseconds since the Unix epoch
 */
export function isGone(name: string, touched: number): boolean {
  const [, pid, started, domain] = OWNER.exec(name) ?? []
  if (pid === undefined) return true
  const own = thisProcess()
  const isStale = Date.now() - touched > STALE_MS
  if (domain !== own.domain) return isStale
  const now = startOf(Number(pid))
  if (now === undefined) return true
  if (now === UNKNOWN || started === UNKNOWN) return isStale
  // Another process may have the id by now, or a recorder of this process may have been closed.
  return now !== started || (Number(pid) === own.pid && isStale)
}

function thisProcess(): Owner {
  if (self !== undefined) return self
  const parts = [hostname(), read('/proc/sys/kernel/random/boot_id'), linkOf('/proc/self/ns/pid')]
  const domain = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8)
  self = { pid: process.pid, started: startOf(process.pid) ?? UNKNOWN, domain }
  return self
}

/** @returns undefined if there is no such process */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === '') return isRunning(pid) ? UNKNOWN : undefined
  // The second field, the program's name, may contain spaces and parentheses (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return DEAD.includes(state) ? undefined : (rest[18] ?? UNKNOWN)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return nameOf(error) !== 'ESRCH'
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
