import { span } from '@trace/core'
import { extract, inject } from '@trace/http'
import { type Database, openDatabase } from './database.js'

/** Jobs in a table of a database, which several processes may add to and take from. */
export class Queue {
  readonly #database: Database

  private constructor(database: Database) {
    this.#database = database
  }

  /** @param file the path of its database */
  static async open(file: string): Promise<Queue> {
    return new Queue(
      await openDatabase('CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, item TEXT, ids TEXT)', file),
    )
  }

  /** The job takes the ids of the span that adds it along, so that whoever takes it continues the trace. */
  async add(item: string): Promise<void> {
    await span('queue', 'add job', async () => {
      const ids = JSON.stringify(inject<Record<string, string>>({}))
      await this.#database.sql`INSERT INTO jobs (item, ids) VALUES (${item}, ${ids})`
    })
  }

  /** The oldest job, which no other process gets then. @returns undefined if there is none */
  async take(): Promise<Job | undefined> {
    // Most often there is none, and whoever deletes keeps others from writing.
    if ((await this.#database.prepare('SELECT id FROM jobs LIMIT 1').get()) === undefined) return undefined
    const oldest = 'DELETE FROM jobs WHERE id = (SELECT MIN(id) FROM jobs) RETURNING item, ids'
    const [job] = (await this.#database.prepare(oldest).all()) as { item: string; ids: string }[]
    return job && { item: job.item, trace: extract(JSON.parse(job.ids)) }
  }
}

export interface Job {
  readonly item: string
  /** The options of a span that continues the trace of whoever added the job. */
  readonly trace: ReturnType<typeof extract>
}
