import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalTable, startLocalTable } from '@trace/example-fanout/dynamodb-local'
import type { Run } from './row.js'

const FILE = 'dynamodb-url'

let started: Promise<LocalTable> | undefined

/** Starts DynamoDB Local for all sides of a run, and leaves where it is in the run's folder. */
export async function localTable({ folder }: Run): Promise<void> {
  started ??= startLocalTable()
  await writeFile(join(folder, FILE), (await started).url)
}

/** Ends DynamoDB Local, where it was started. */
export async function stopLocalTable(): Promise<void> {
  const table = await started?.catch(() => undefined)
  table?.stop()
}

/** Where the table of a run is, in the process of one side. */
export async function optionsOf(folder: string): Promise<{ table: string; region: string; endpoint: string }> {
  const url = new URL(await readFile(join(folder, FILE), 'utf8'))
  return { table: url.host, region: 'local', endpoint: url.searchParams.get('endpoint') ?? '' }
}

/** Whether DynamoDB Local can run here: it needs Java 17. */
export const hasJava: boolean =
  Number(/version "(\d+)/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1] ?? 0) >= 17
