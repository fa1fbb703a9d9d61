import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalTable, startLocalTable } from '@trace/example-fanout/dynamodb-local'

/** Holds the table's URL, in the folder of the run. */
const FILE = 'dynamodb-url'

let started: Promise<LocalTable> | undefined

/** Starts DynamoDB Local unless it runs already, and tells the processes of the sides where it is. */
export async function startTable(folder: string): Promise<void> {
  started ??= startLocalTable()
  await writeFile(join(folder, FILE), (await started).url)
}

/** Stops DynamoDB Local if it was started. */
export async function stopTable(): Promise<void> {
  const table = await started?.catch(() => undefined)
  table?.stop()
}

/** For the process of a side: the options of a client or recorder that uses the table. */
export async function tableOptions(folder: string): Promise<{ table: string; region: string; endpoint: string }> {
  const url = new URL(await readFile(join(folder, FILE), 'utf8'))
  return { table: url.host, region: 'local', endpoint: url.searchParams.get('endpoint') ?? '' }
}
