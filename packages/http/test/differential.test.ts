import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Tracer } from '@trace/core'
import { type Difference, differenceOf } from './support/differential/difference.js'
import { type Kind, servers } from './support/differential/servers.js'
import { openSide, type Seen } from './support/differential/side.js'

const tracer = createTracer({ recorder: memoryRecorder(), buffer: 100_000 })
const bare = new Map<Kind, readonly Seen[]>()

async function askAll(kind: Kind, by: Tracer | undefined): Promise<readonly Seen[]> {
  const side = await openSide(kind, by)
  const seen: Seen[] = []
  for (const [at] of kind.forms.entries()) seen.push(await side.ask(at))
  await side.close()
  return seen
}

// Before anything is traced, because tracing changes the prototypes of Express's requests and responses.
beforeAll(async () => {
  // Of what some frameworks write of errors.
  jest.spyOn(console, 'error').mockImplementation(() => {})
  for (const kind of Object.values(servers)) bare.set(kind, await askAll(kind, undefined))
})

afterAll(() => {
  jest.restoreAllMocks()
  return tracer.close()
})

test.each(Object.entries(servers))(
  '%s: whatever a program does, what it sees and what it sends is the same when traced, but for one header',
  async (_, kind) => {
    const different: [string, Difference][] = []
    const traced = await askAll(kind, tracer)
    for (const [at, form] of kind.forms.entries()) {
      const [expected, got] = [bare.get(kind)?.[at], traced[at]]
      if (expected === undefined || got === undefined) throw new Error(`nothing was seen of ${form.name}`)
      const difference = differenceOf(kind, form, expected, got)
      if (difference !== undefined) different.push([form.name, difference])
    }
    expect(different).toEqual([])
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ open: 0, badInput: 0 })
  },
)
