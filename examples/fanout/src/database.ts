import { createDatabase, type Database } from 'db0'
import libsql from 'db0/connectors/libsql/node'
import { withTracing } from 'db0/tracing'

export type { Database }

/**
 * Opens an SQLite database, whose queries have spans: db0 publishes them, and `traceChannels` of service.ts listens. Another
 * connector of db0 is another database, such as PostgreSQL.
 *
 * @param tables the statements that create them, with a `;` between
 * @param file its path; default: none, and the database is gone when the process ends
 */
export async function openDatabase(tables: string, file?: string): Promise<Database> {
  const database = withTracing(createDatabase(libsql({ url: file === undefined ? ':memory:' : `file:${file}` })))
  // Several processes use one file: who finds it locked waits, for so many ms, and who only looks is not kept waiting.
  const shared = file === undefined ? [] : ['PRAGMA busy_timeout = 5000', 'PRAGMA journal_mode = WAL']
  for (const statement of [...shared, ...tables.split(';')]) await database.exec(statement)
  return database
}
