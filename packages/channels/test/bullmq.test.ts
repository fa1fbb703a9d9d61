import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan, type Span, type Tracer } from '@trace/core'
import { logIds } from '@trace/http'
import { DelayedError, FlowProducer, type Job, Queue, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq'
import { bullmqTelemetry, jobLogIds } from '../src/bullmq.js'
import { programs, run } from './support/programs.js'
import { type Recorded, recorded } from './support/recorded.js'
import { isInstalled, type Server, startServer } from './support/servers.js'

const SECRET = 'hunter2'
const onServer = isInstalled('redis-server') ? describe : describe.skip

onServer('on Redis, with BullMQ', () => {
  let server: Server
  const closing: { close(): Promise<void> }[] = []
  let number = 0

  beforeAll(async () => {
    server = await startServer('redis-server')
  })
  afterEach(async () => {
    // Workers first: those that are waiting for a job.
    for (const each of closing.splice(0).reverse()) await each.close()
  })
  afterAll(() => server.stop())

  const connection = () => ({ host: '127.0.0.1', port: server.port, username: 'default', maxRetriesPerRequest: null })

  function newQueue(tracer: Tracer, name: string = `mail${++number}`): Queue {
    const queue = new Queue(name, { connection: connection(), telemetry: bullmqTelemetry(tracer) })
    closing.push(queue)
    return queue
  }

  function newWorker(
    tracer: Tracer,
    { name }: Queue,
    work: (job: Job) => unknown,
    options: Partial<WorkerOptions> = {},
  ): Worker {
    const telemetry = bullmqTelemetry(tracer)
    const process = async (job: Job): Promise<unknown> => work(job)
    const worker = new Worker(name, process, { connection: connection(), telemetry, ...options })
    closing.push(worker)
    return worker
  }

  /** Waits until as many jobs have ended, whatever the end, as often as they were tried. */
  async function ends(worker: Worker, count: number): Promise<void> {
    let seen = 0
    await new Promise<void>((resolve) => {
      const one = (): void => {
        if (++seen === count) resolve()
      }
      worker.on('completed', one).on('failed', one)
    })
    await worker.close()
  }

  const dataOf = (spans: readonly Span[], kind: string): unknown[] =>
    spans.filter((span) => span.kind === kind).map(({ data }) => ({ ...data }))

  test('a job continues the trace of whoever added it, in the process of its worker', async () => {
    const [adding, working] = [recorded(), recorded()]
    const queue = newQueue(adding.tracer)
    const worker = newWorker(working.tracer, queue, async (job) => {
      await working.tracer.span('work', 'send', async () => {})
      return job.data
    })
    const done = ends(worker, 1)
    await adding.tracer.trace('work', 'outer', async (outer) => {
      await queue.add('welcome', { to: 'ann' })
      expect(currentSpan()).toBe(outer)
    })
    await done
    expect(await adding.tree()).toEqual(['work outer', `  queue add ${queue.name}`])
    const [, add] = await adding.spans()
    const [attempt, send] = await working.spans()
    expect([attempt?.kind, attempt?.name, send?.parentId]).toEqual(['job', `process ${queue.name}`, attempt?.spanId])
    expect([attempt?.traceId, attempt?.parentId]).toEqual([add?.traceId, add?.spanId])
    const both = {
      'messaging.system': 'bullmq',
      'messaging.destination.name': queue.name,
      'messaging.message.id': '1',
      'bullmq.job.name': 'welcome',
    }
    const sent = { 'messaging.operation.type': 'send', 'messaging.operation.name': 'add' }
    expect({ ...add?.data }).toEqual({ ...both, ...sent })
    expect({ ...attempt?.data }).toEqual({
      ...both,
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
      'messaging.client.id': worker.id,
      'bullmq.job.attempts.made': 1,
      'parent.remote': true,
    })
  })

  test('jobs added in bulk, by flows and by other jobs are below what added them', async () => {
    const { tracer, tree, spans } = recorded()
    const queue = newQueue(tracer)
    const worker = newWorker(tracer, queue, async (job) => {
      if (job.name === 'parent') await queue.add('again', {})
    })
    const flows = new FlowProducer({ connection: connection(), telemetry: bullmqTelemetry(tracer) })
    closing.push(flows)
    const done = ends(worker, 5)
    await tracer.trace('work', 'outer', async () => {
      await queue.addBulk([
        { name: 'one', data: {} },
        { name: 'two', data: {} },
      ])
      const child = { name: 'child', queueName: queue.name, data: {}, opts: {} }
      await flows.add({ name: 'parent', queueName: queue.name, data: {}, opts: {}, children: [child] })
    })
    await done
    const name = queue.name
    expect((await tree()).toSorted()).toEqual(
      [
        'work outer',
        `  queue addBulk ${name}`,
        `    job process ${name}`,
        `    job process ${name}`,
        `  queue addFlow ${name}`,
        `    queue addNode ${name}`,
        `      job process ${name}`,
        `        queue add ${name}`,
        `          job process ${name}`,
        `      queue addNode ${name}`,
        `        job process ${name}`,
      ].toSorted(),
    )
    const bulk = (await spans()).find((span) => span.name === `addBulk ${name}`)
    expect(bulk?.data).toMatchObject({ 'messaging.batch.message_count': 2 })
  })

  test('of a flow, a node without options begins a trace of its own: BullMQ passes none on to it', async () => {
    const { tracer, tree } = recorded()
    const queue = newQueue(tracer)
    const worker = newWorker(tracer, queue, () => {})
    const flows = new FlowProducer({ connection: connection(), telemetry: bullmqTelemetry(tracer) })
    closing.push(flows)
    const done = ends(worker, 2)
    const node = { queueName: queue.name, data: {} }
    await tracer.trace('work', 'outer', () =>
      flows.add({ ...node, name: 'parent', opts: {}, children: [{ ...node, name: 'child' }] }),
    )
    await done
    const name = queue.name
    expect((await tree()).toSorted()).toEqual(
      [
        'work outer',
        `  queue addFlow ${name}`,
        `    queue addNode ${name}`,
        `      job process ${name}`,
        `      queue addNode ${name}`,
        `job process ${name}`,
      ].toSorted(),
    )
  })

  test('each attempt has a span below the one that added the job: at once, delayed, and put off', async () => {
    const { tracer, tree, spans } = recorded()
    const queue = newQueue(tracer)
    let putOff = false
    const worker = newWorker(tracer, queue, async (job) => {
      if (job.name === 'off' && !putOff) {
        putOff = true
        await job.moveToDelayed(Date.now() + 1, job.token)
        throw new DelayedError()
      }
      if (job.name === 'fails' || job.attemptsMade === 0) throw new RangeError(`attempt ${job.attemptsMade + 1}`)
    })
    worker.on('failed', (job, error) => {
      if (job?.name === 'now') currentSpan()?.fail(error)
    })
    const done = ends(worker, 6)
    await tracer.trace('work', 'outer', async () => {
      await queue.add('now', {}, { attempts: 2 })
      await queue.add('later', {}, { attempts: 2, backoff: { type: 'fixed', delay: 1 } })
      await queue.add('off', {}, { attempts: 2 })
    })
    await done
    const name = queue.name
    const attempts = (count: number) => Array(count).fill(`    job process ${name}`)
    const expected = [2, 2, 3].flatMap((count) => [`  queue add ${name}`, ...attempts(count)])
    expect(await tree()).toEqual(['work outer', ...expected])
    const errors = dataOf(await spans(), 'job').map((data) => {
      const {
        'bullmq.job.name': job,
        'error.type': type,
        'error.message': message,
        'error.stack': stack,
      } = Object(data)
      return [job, type, message, stack !== undefined]
    })
    const ofJob = (job: string) => errors.filter(([name]) => name === job).map(([, ...error]) => error)
    const fine = [undefined, undefined, false]
    // With the line of the README, and without it.
    expect(ofJob('now')).toEqual([['RangeError', 'attempt 1', true], fine])
    expect(ofJob('later')).toEqual([['_OTHER', 'attempt 1', false], fine])
    expect(ofJob('off')).toEqual([fine, ['_OTHER', 'attempt 1', false], fine])
  })

  test('a job that a worker has left behind is tried again in the same trace, and one may fail for good', async () => {
    const { tracer, tree, spans } = recorded()
    const queue = newQueue(tracer)
    let release = (): void => {}
    const taken = new EventEmitter()
    const lost = newWorker(
      tracer,
      queue,
      () => {
        taken.emit('taken')
        return new Promise<void>((resolve) => {
          release = resolve
        })
      },
      { lockDuration: 50, lockRenewTime: 1_000_000, skipStalledCheck: true },
    )
    lost.on('error', () => {})
    const isTaken = once(taken, 'taken')
    await tracer.trace('work', 'outer', () => queue.add('job', {}))
    await isTaken
    const worker = newWorker(
      tracer,
      queue,
      () => {
        throw new UnrecoverableError('for good')
      },
      { stalledInterval: 50 },
    )
    await Promise.all([once(worker, 'stalled'), ends(worker, 1)])
    release()
    await lost.close()
    const name = queue.name
    expect(await tree()).toEqual(['work outer', `  queue add ${name}`, ...Array(2).fill(`    job process ${name}`)])
    expect(dataOf(await spans(), 'job')).toContainEqual(expect.objectContaining({ 'error.message': 'for good' }))
  })

  test('a scheduler’s jobs are in the trace of whoever made it, or in their own', async () => {
    const { tracer, spans } = recorded()
    const queue = newQueue(tracer)
    const worker = newWorker(tracer, queue, () => {}, { autorun: false })
    const done = ends(worker, 4)
    const outer = await tracer.trace('work', 'outer', async (span) => {
      await queue.upsertJobScheduler('joined', { every: 20, limit: 2 }, { name: 'joined' })
      const opts = { telemetry: { omitContext: true } }
      await queue.upsertJobScheduler('own', { every: 20, limit: 2 }, { name: 'own', opts })
      return span
    })
    void worker.run()
    await done
    const attempts = (await spans()).filter(({ kind }) => kind === 'job')
    const tracesOf = (job: string) =>
      attempts.filter(({ data }) => data['bullmq.job.name'] === job).map((s) => s.traceId)
    expect(tracesOf('joined')).toEqual([outer.traceId, outer.traceId])
    expect(new Set([...tracesOf('own'), outer.traceId]).size).toBe(3)
    const added = (await spans()).filter(({ name }) => name.startsWith('add '))
    expect(added.map(({ data }) => data['bullmq.job.scheduler.id'])).toEqual(expect.arrayContaining(['joined', 'own']))
  })

  test('outside a trace adding is not recorded, and each attempt begins a trace, wherever the worker was made', async () => {
    const { tracer, tree, spans } = recorded()
    const queue = newQueue(tracer)
    await queue.add('one', {})
    await queue.add('two', {})
    const worker = tracer.trace('work', 'start', () => newWorker(tracer, queue, () => {}))
    await ends(worker, 2)
    expect((await tree()).toSorted()).toEqual([`job process ${queue.name}`, `job process ${queue.name}`, 'work start'])
    expect(new Set((await spans()).map(({ traceId }) => traceId)).size).toBe(3)
  })

  test('an attempt of a processor that runs in a process of its own has a span', async () => {
    const { tracer, tree, spans } = recorded()
    const queue = newQueue(tracer)
    const folder = mkdtempSync(join(tmpdir(), 'bullmq-'))
    const file = join(folder, 'processor.cjs')
    writeFileSync(file, "module.exports = async (job) => { throw new Error('of ' + job.name) }")
    const worker = new Worker(queue.name, file, { connection: connection(), telemetry: bullmqTelemetry(tracer) })
    closing.push(worker)
    const done = ends(worker, 1)
    await tracer.trace('work', 'outer', () => queue.add('job', {}))
    await done
    rmSync(folder, { recursive: true })
    expect(await tree()).toEqual(['work outer', `  queue add ${queue.name}`, `    job process ${queue.name}`])
    expect(dataOf(await spans(), 'job')).toMatchObject([{ 'error.message': 'of job' }])
  })

  test('a trace that is not sampled goes on so in the worker, and in what that adds', async () => {
    const [adding, working] = [recorded({ sample: () => false }), recorded()]
    const queue = newQueue(adding.tracer)
    const next = newQueue(working.tracer)
    const jobs: Job[] = []
    const first = newWorker(working.tracer, queue, async () => {
      expect(currentSpan()?.sampled).toBe(false)
      await next.add('second', {})
    })
    const second = newWorker(working.tracer, next, (job) => jobs.push(job))
    const done = Promise.all([ends(first, 1), ends(second, 1)])
    const traceId = await adding.tracer.trace('work', 'outer', async (span) => {
      await queue.add('first', {})
      return span.traceId
    })
    await done
    expect([...(await adding.spans()), ...(await working.spans())]).toEqual([])
    expect(jobs.map((job) => jobLogIds(job).trace_id)).toEqual([String(traceId)])
    expect(jobs[0]?.opts.telemetry?.metadata).toMatch(/-00"}$/)
  })

  test('log lines have the ids: those of the attempt where it runs, and those of the job elsewhere', async () => {
    const { tracer, spans } = recorded()
    const queue = newQueue(tracer)
    const lines: Record<string, unknown>[] = []
    const log = (message: string, ids: object): void => void lines.push({ message, ...ids })
    queue.on('waiting', () => log('waiting', logIds()))
    const worker = newWorker(tracer, queue, async (job) => {
      log('processing', logIds())
      await job.updateProgress(50)
      if (job.name === 'fails') throw new Error('no')
    })
    worker.on('active', (job) => log('active', jobLogIds(job)))
    worker.on('progress', () => log('progress', logIds()))
    worker.on('completed', () => log('completed', logIds()))
    worker.on('failed', () => log('failed', logIds()))
    const done = ends(worker, 2)
    await tracer.trace('work', 'one', () => queue.add('works', {}))
    await tracer.trace('work', 'two', () => queue.add('fails', {}))
    await done
    for (const add of (await spans()).filter(({ kind }) => kind === 'queue')) {
      const attempt = (await spans()).find(({ parentId }) => parentId === add.spanId)
      const ids = ({ traceId, spanId }: Span) => ({ trace_id: String(traceId), span_id: String(spanId) })
      const own = lines.filter(({ trace_id }) => trace_id === String(add.traceId))
      const end = attempt?.data['error.type'] === undefined ? 'completed' : 'failed'
      expect(own).toEqual(
        expect.arrayContaining([
          { message: 'waiting', ...ids(add) },
          { message: 'active', ...ids(add) },
          { message: 'processing', ...ids(attempt ?? add) },
          { message: 'progress', ...ids(attempt ?? add) },
          { message: end, ...ids(attempt ?? add) },
        ]),
      )
      expect(own).toHaveLength(5)
    }
  })

  test.each([
    '',
    'null',
    '5',
    '[]',
    '"text"',
    '{',
    '{"traceparent":7}',
    '{"traceparent":{}}',
    '{"traceparent":"00-1-2-01"}',
    `{"traceparent":"00-${'0'.repeat(32)}-${'1'.repeat(16)}-01"}`,
    `{"traceparent":"00-${'1'.repeat(32)}-${'0'.repeat(16)}-01"}`,
    `{"__proto__":{"traceparent":"00-${'1'.repeat(32)}-${'1'.repeat(16)}-01"}}`,
    '{"traceparent":"\\u0000\\u001b[31m"}',
    JSON.stringify({ traceparent: 'x'.repeat(1_000_000) }),
    '['.repeat(10_000),
  ])('metadata that is none begins a new trace: %.60s', (metadata) => {
    const { contextManager, tracer } = bullmqTelemetry(recorded().tracer)
    const job = { opts: { telemetry: { metadata } } }
    expect(jobLogIds(job)).toEqual({})
    const context = contextManager.fromMetadata(contextManager.active(), metadata)
    const span = tracer.startSpan('process x', { kind: 4 }, context)
    const inside = contextManager.with(span.setSpanOnContext(context), () => currentSpan())
    span.end()
    expect(inside).toMatchObject({ parentId: 0n, sampled: true })
    expect(inside?.remote).toBeUndefined()
  })

  test('metadata of OpenTelemetry’s adapter is taken, with all 128 bits, and passed on', async () => {
    const { tracer, spans } = recorded()
    const queue = newQueue(tracer)
    const stored: unknown[] = []
    const worker = newWorker(tracer, queue, async (job) => {
      if (job.name === 'first') stored.push((await queue.add('second', {})).opts.telemetry?.metadata)
    })
    const done = ends(worker, 2)
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
    await queue.add('first', {}, { telemetry: { metadata: JSON.stringify({ traceparent, tracestate: 'a=1' }) } })
    await done
    const [attempt, add] = await spans()
    expect(attempt?.parentId).toBe(BigInt(`0x${'cd'.repeat(8)}`))
    expect(attempt?.data['w3c.trace_id']).toBe('ab'.repeat(16))
    const parent = (add?.spanId ?? 0n).toString(16).padStart(16, '0')
    const passedOn = { traceparent: `00-${'ab'.repeat(16)}-${parent}-01`, tracestate: 'a=1' }
    expect(JSON.parse(String(stored[0]))).toEqual(passedOn)
  })

  test('an error of adding fails its span', async () => {
    const { tracer, spans } = recorded()
    const queue = newQueue(tracer)
    await tracer.trace('work', 'outer', () => queue.add('x', {}, { jobId: '0' }).catch(() => undefined))
    expect(dataOf(await spans(), 'queue')).toMatchObject([
      { 'error.type': 'Error', 'error.message': expect.any(String) },
    ])
  })

  test.each(programs.filter((each) => each.server === 'redis-server'))(
    'the program of the README runs',
    async (program) => {
      expect(await run(program, { REDIS_URL: `redis://127.0.0.1:${server.port}` })).toBe(program.prints)
    },
  )

  test('no secret is in a span: payloads, results, progress, options, and the password of Redis', async () => {
    const recording: Recorded = recorded()
    const { tracer } = recording
    const queue = newQueue(tracer)
    const options = { connection: { ...connection(), password: SECRET } }
    const worker = newWorker(
      tracer,
      queue,
      async (job) => {
        await job.updateProgress({ token: SECRET })
        await job.log(SECRET)
        return { password: SECRET }
      },
      options,
    )
    worker.on('error', () => {})
    const done = ends(worker, 4)
    await tracer.trace('work', 'outer', async () => {
      const job = { name: 'job', data: { card: SECRET } }
      await queue.add('job', { password: SECRET }, { deduplication: { id: SECRET }, lifo: true })
      await queue.addBulk([job, { ...job, opts: { backoff: { type: 'fixed', delay: 1 } } }])
      await queue.upsertJobScheduler('s', { every: 1, limit: 1 }, { name: 'job', data: { token: SECRET } })
    })
    await done
    const spans = await recording.spans()
    expect(spans.filter(({ kind }) => kind === 'job')).toHaveLength(4)
    expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain(SECRET)
  })
})
