import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { type Database, storeOf } from '../src/database.js'
import { sqliteReader, sqliteRecorder } from '../src/index.js'
import { makeSpan, newPath } from './support/files.js'

const opened = (path: string) => storeOf('test', { path }).open('', true)

describe('a list', () => {
  test('reads no more traces than its limit asks for', async () => {
    const database = opened(newPath())
    const [recorder, reader] = [sqliteRecorder({ database }), sqliteReader({ database })]
    const spans = Array.from({ length: 1_000 }, (_, at) => {
      const start = BigInt(at) * 1_000n
      return makeSpan({ spanId: BigInt(at + 1), traceId: BigInt(Math.floor(at / 2) + 1), start, finish: start + 5n })
    })
    await recorder.record(spans)
    // Reading one of these would count it as skipped.
    database.exec("UPDATE trace_spans SET line = '{}' WHERE trace_id <= 495")
    const { traces, skipped } = await reader.traces({ limit: 5 })
    expect(traces.map(({ traceId }) => traceId)).toEqual([500n, 499n, 498n, 497n, 496n])
    expect([traces.every((trace) => trace.spans === 2), skipped]).toEqual([true, 0])
    const between = await reader.traces({ from: 990_000n, to: 996_000n })
    expect(between).toMatchObject({ traces: [{ traceId: 498n }, { traceId: 497n }, { traceId: 496n }], skipped: 0 })
    expect((await reader.traces({ limit: 1_000 })).skipped).toBe(990)
    database.close()
  })

  test('searches by index: no query scans the table or sorts', async () => {
    const database = opened(newPath())
    const recorder = sqliteRecorder({ database })
    await recorder.record([makeSpan()])
    const queries: string[] = []
    const prepare: Database['prepare'] = (sql) => {
      queries.push(sql)
      return database.prepare(sql)
    }
    await sqliteReader({ database: { exec: (sql) => database.exec(sql), prepare, close() {} } }).traces()
    const plans = queries
      .filter((sql) => /FROM trace_spans/.test(sql))
      .map((sql) => database.prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll('?', '0')}`).all())
    expect(plans).toHaveLength(3)
    const details = plans.flat().map((row) => String(Reflect.get(Object(row), 'detail')))
    expect(details).toEqual(expect.arrayContaining([expect.stringMatching(/^SEARCH first USING COVERING INDEX/)]))
    expect(details.filter((detail) => /SCAN|TEMP B-TREE/.test(detail))).toEqual([])
    database.close()
  })

  test('puts traces of the years 0 and 9999 in order', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    const starts = [-62_135_596_800_000_000_000n, 0n, 253_402_300_799_999_999_999n]
    await recorder.record(starts.map((start, at) => makeSpan({ traceId: BigInt(at + 1), start, finish: undefined })))
    const reader = sqliteReader({ path })
    expect((await reader.traces()).traces.map(({ start }) => start)).toEqual(starts.toReversed())
    expect((await reader.traces({ from: 1n })).traces).toMatchObject([{ traceId: 3n }])
    expect((await reader.traces({ to: 0n })).traces).toMatchObject([{ traceId: 1n }])
    await Promise.all([recorder.close?.(), reader.close?.()])
  })

  test('puts traces of the same microsecond in order, by the nanosecond', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    const starts = [5n, 999n, -1n, 0n, -1_000n, 7n]
    await recorder.record(starts.map((start, at) => makeSpan({ traceId: BigInt(at + 1), start, finish: start })))
    const { traces } = await sqliteReader({ path }).traces({ limit: 3 })
    expect(traces.map(({ start }) => start)).toEqual([999n, 7n, 5n])
    const before = await sqliteReader({ path }).traces({ from: -1_000n, to: 5n })
    expect(before.traces.map(({ start }) => start)).toEqual([0n, -1n, -1_000n])
    const all = await sqliteReader({ path }).traces({ from: -(10n ** 40n), to: 10n ** 40n })
    expect(all.traces).toHaveLength(6)
    await recorder.close?.()
  })

  test('of many pages ends by its signal', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    await recorder.record(
      Array.from({ length: 500 }, (_, at) => makeSpan({ traceId: BigInt(at + 1), start: BigInt(at) })),
    )
    await recorder.close?.()
    const reason = new Error('enough')
    let seen = 0
    const controller = new AbortController()
    const where = (): boolean => {
      if (++seen === 150) controller.abort(reason)
      return false
    }
    await expect(sqliteReader({ path }).traces({ where }, { signal: controller.signal })).rejects.toBe(reason)
    expect(seen).toBe(150)
  })

  test('passes on what a function of the query throws', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    await recorder.record([makeSpan()])
    const thrown = new Error('from where')
    const where = (): boolean => {
      throw thrown
    }
    await expect(sqliteReader({ path }).traces({ where })).rejects.toBe(thrown)
    await recorder.close?.()
  })
})

describe('what the database holds is checked', () => {
  test.each([
    ['that is no JSON', 'rubbish', 'it is not JSON'],
    [
      'of another trace',
      '{"span_id":"1","trace_id":"3","parent_id":"0","start":"1970-01-01T00:00:00Z"}',
      /its ids are/,
    ],
    ['of another span', '{"span_id":"9","trace_id":"2","parent_id":"0","start":"1970-01-01T00:00:00Z"}', /its ids are/],
    ['longer than 16 MiB', `{"x":"${'x'.repeat(16 * 1024 * 1024)}"}`, /not JSON/],
  ])('a line %s is skipped, with its place', async (_what, line, reason) => {
    const database = opened(newPath())
    const [recorder, reader] = [sqliteRecorder({ database }), sqliteReader({ database })]
    await recorder.record([makeSpan(), makeSpan({ spanId: 2n ** 64n - 1n })])
    database.prepare('UPDATE trace_spans SET line = ? WHERE span_id = 1').run(line)
    const places = [{ at: 'trace 2, span 1', reason: expect.stringMatching(reason) }]
    expect(await reader.trace(2n)).toEqual({ spans: [makeSpan({ spanId: 2n ** 64n - 1n })], skipped: 1, places })
    expect(await reader.traces()).toMatchObject({ traces: [{ spans: 1 }], skipped: 1, places })
    database.close()
  })

  test('a view that never ends is not read', async () => {
    const path = newPath()
    const database = opened(path)
    database.exec(`CREATE VIEW trace_spans AS WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t)
      SELECT x AS trace_id, x AS span_id, x AS start_us, 1 AS finished, '' AS line FROM t ORDER BY x`)
    database.close()
    for (const read of [() => sqliteReader({ path }).trace(2n), () => sqliteReader({ path }).traces()]) {
      await expect(read()).rejects.toMatchObject({
        code: 'TRACE_CANNOT_READ',
        message: expect.stringContaining('it has a table trace_spans of another form'),
      })
    }
  })

  test('a damaged file says so', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    await recorder.record(Array.from({ length: 200 }, (_, at) => makeSpan({ spanId: BigInt(at + 1) })))
    await recorder.close?.()
    const database = opened(path)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xff, 8_192))
    await expect(sqliteReader({ path }).trace(2n)).rejects.toMatchObject({
      code: 'TRACE_CANNOT_READ',
      message: expect.stringContaining('it is not an SQLite database, or it is damaged'),
    })
  })

  test('a database without spans has no traces', async () => {
    const path = newPath()
    const database = opened(path)
    database.exec('CREATE TABLE users (name TEXT)')
    database.close()
    const reader = sqliteReader({ path })
    expect([await reader.trace(2n), await reader.traces()]).toEqual([
      { spans: [], skipped: 0, places: [] },
      { traces: [], skipped: 0, places: [] },
    ])
    const before = readFileSync(path)
    await reader.traces()
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})
