import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import type { Span } from '@trace/core'

/** A folder of this test file's own. */
export const folder: string = mkdtempSync(join(tmpdir(), 'trace-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0

/** The path of a database that does not exist yet. */
export function newPath(): string {
  return join(folder, `${++files}.db`)
}

/** A span that began and finished within a microsecond of 1970. */
export function makeSpan(fields: Partial<Span> = {}): Span {
  const ids = { spanId: 1n, traceId: 2n, parentId: 0n }
  return { ...ids, process: 'users:1@host', kind: 'task', name: 'tidy', start: 1n, finish: 2n, data: {}, ...fields }
}
