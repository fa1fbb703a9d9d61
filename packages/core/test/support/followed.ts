import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const FDS = '/proc/self/fd'
/** How often in a row the file is found open, every 10 ms, when it is not only read once, by a few reads. */
const LOOKS = 25

/** Waits until a reader in this process follows a file: what is written from then on is new to it. @param file its whole path */
export async function isFollowed(file: string): Promise<void> {
  // Without /proc, as on macOS, it is not known when the file is open.
  if (!existsSync(FDS)) return sleep(1_000)
  for (let looks = 0; looks < LOOKS; await sleep(10)) looks = isOpen(file) ? looks + 1 : 0
}

function isOpen(file: string): boolean {
  return readdirSync(FDS).some((fd) => targetOf(fd) === file)
}

/** What a descriptor is of; nothing, if it has been closed meanwhile. */
function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`${FDS}/${fd}`)
  } catch {
    return undefined
  }
}
