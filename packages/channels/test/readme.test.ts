import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { programs, run } from './support/programs.js'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

test('each program names a server on which a test runs it', () => {
  // Those of the others are in the tests that have started them: bullmq.test.ts, mongodb.test.ts and aws-sdk.test.ts.
  expect(programs.map(({ server }) => server)).toEqual([
    ...['postgresql', 'postgresql', 'postgresql'],
    ...['redis-server', 'mongodb', 'dynamodb'],
  ])
})

const onServer = hasPostgresql() ? describe : describe.skip

onServer('on PostgreSQL', () => {
  let server: Server
  beforeAll(async () => {
    server = await startPostgresql()
  })
  afterAll(() => server.stop())

  test.each(programs.filter((each) => each.server === 'postgresql'))(
    'the program $at prints what the README says',
    async (program) => {
      const env = { PGHOST: '127.0.0.1', PGPORT: `${server.port}`, PGUSER: 'postgres', PGDATABASE: 'postgres' }
      expect(await run(program, env)).toBe(program.prints)
    },
  )
})
