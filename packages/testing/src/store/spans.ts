import { deepStrictEqual } from 'node:assert/strict'
import type { PlainData, PlainValue, Span } from '@trace/core'
import { setEntry, toPlain } from '@trace/core/store'
import type { Abilities, SpanSource } from '../suite.js'

/** 2026-01-01T00:00:00.123456789Z, which every store takes, and whose nanoseconds a number cannot hold. */
export const START = 1_767_225_600_123_456_789n
export const MILLISECOND = 1_000_000n

let lastId = 1_000n

/** A span with the given fields and a new id. Its other fields are small and plain. */
export function makeSpan(fields: Partial<Span> = {}): Span {
  const start = fields.start ?? START
  return {
    spanId: ++lastId,
    traceId: 1n,
    parentId: 0n,
    process: 'users:4711@host-1',
    kind: 'request',
    name: 'GET /users/:id',
    start,
    finish: start + 5n * MILLISECOND,
    data: {},
    ...fields,
  }
}

/** A span whose data are made plain, as a tracer does. */
export function withData(data: Record<string, unknown>): Span {
  return makeSpan({ data: toPlain(data).data })
}

/** Fails unless the store has exactly these spans of a trace, in any order, and reports nothing else. */
export async function assertStored(
  source: SpanSource,
  expected: readonly Span[],
  abilities: Abilities = {},
): Promise<void> {
  const traceId = expected[0]?.traceId ?? 1n
  const { spans, skipped, incomplete } = await source.trace(traceId)
  assertSame(spans, expected, abilities)
  deepStrictEqual({ skipped, incomplete }, { skipped: 0, incomplete: undefined })
}

/** Fails unless both have the same spans, in any order. */
export function assertSame(actual: readonly Span[], expected: readonly Span[], abilities: Abilities = {}): void {
  const order = (a: Span, b: Span): number => (a.spanId < b.spanId ? -1 : 1)
  const comparable = (spans: readonly Span[], as: Abilities): unknown[] =>
    spans.toSorted(order).map((span) => ({ ...textsOf(span), data: comparableData(span.data, as) }))
  deepStrictEqual(comparable(actual, {}), comparable(expected, abilities))
}

function textsOf(span: Span): Span {
  const [process, kind, name] = [span.process, span.kind, span.name].map((text) => text.toWellFormed())
  return { ...span, process: process ?? '', kind: kind ?? '', name: name ?? '' }
}

/** The same entries on an object with the same prototype, because data must equal object literals. */
function comparableData(data: PlainData, abilities: Abilities): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(data)) setEntry(copy, key.toWellFormed(), comparable(value, abilities))
  return Object.setPrototypeOf(copy, Object.getPrototypeOf(data))
}

function comparable(value: PlainValue, abilities: Abilities): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number') return comparableNumber(value, abilities)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => comparable(item, abilities))
  return comparableData(value, abilities)
}

function comparableNumber(value: number, { nonFinite = true, negativeZero = true }: Abilities): unknown {
  if (!Number.isFinite(value)) return nonFinite ? value : String(value)
  return value === 0 && !negativeZero ? 0 : value
}

function isList(value: PlainData | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value)
}
