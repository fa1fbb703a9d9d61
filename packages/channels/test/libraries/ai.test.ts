import { afterEach, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { embed, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { MockEmbeddingModelV4, MockLanguageModelV4 } from 'ai/test'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

let stop = (): void => {}
afterEach(() => stop())

const parts = { noCache: undefined, cacheRead: undefined, cacheWrite: undefined, text: undefined, reasoning: undefined }
const usage = { inputTokens: { total: 10, ...parts }, outputTokens: { total: 20, ...parts } }
const answered = { finishReason: { unified: 'stop', raw: 'stop' } as const, usage, warnings: [] }
const named = { provider: 'mock.chat', modelId: 'm-1' }
const response = { response: { id: 'r', timestamp: new Date(0), modelId: 'm-1-2026' } }

test('a text, its steps, calls of the model and tools have spans, with the tokens, and without what is said', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  let calls = 0
  const model = new MockLanguageModelV4({
    ...named,
    doGenerate: async () =>
      calls++ === 0
        ? {
            content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'weather', input: '{"city":"hunter2"}' }],
            ...{ ...answered, finishReason: { unified: 'tool-calls', raw: 'tool_calls' }, ...response },
          }
        : { content: [{ type: 'text', text: 'hunter2' }], ...answered, ...response },
  })
  const weather = tool({
    description: 'the weather',
    inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
    execute: async () => tracer.span('db', 'load weather', async () => 'hunter2'),
  })
  const options = { model, prompt: 'hunter2', tools: { weather }, stopWhen: stepCountIs(3) }
  await tracer.trace('request', 'outer', async () => expect((await generateText(options)).text).toBe('hunter2'))
  expect(await then.tree()).toEqual([
    'request outer',
    '  ai generateText',
    '    ai step',
    '      ai chat m-1',
    '      ai execute_tool weather',
    '        db load weather',
    '    ai step',
    '      ai chat m-1',
  ])
  const spans = await then.spans()
  const chat = spans.find(({ name }) => name === 'chat m-1')
  expect({ ...chat?.data }).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'mock.chat',
    'gen_ai.request.model': 'm-1',
    'gen_ai.response.model': 'm-1-2026',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 20,
  })
  expect(spans[1]?.data).toMatchObject({ 'gen_ai.usage.input_tokens': 20, 'gen_ai.usage.output_tokens': 40 })
  expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain('hunter2')
})

test('a streamed text has its span until the stream ends', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const chunks = [
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'hunter2' },
    { type: 'text-end', id: '1' },
    { type: 'finish', finishReason: answered.finishReason, usage },
  ] as const
  const model = new MockLanguageModelV4({
    ...named,
    doStream: async () => ({
      stream: new ReadableStream({
        start: (controller) => {
          for (const chunk of chunks) controller.enqueue(chunk)
          controller.close()
        },
      }),
    }),
  })
  await tracer.trace('request', 'outer', async (outer) => {
    const { textStream } = streamText({ model, prompt: 'hunter2' })
    expect(currentSpan()).toBe(outer)
    for await (const text of textStream) expect(text).toBe('hunter2')
  })
  await tracer.idle()
  expect(await then.tree()).toEqual(['request outer', '  ai streamText', '    ai step', '      ai chat m-1'])
  expect(tracer.stats().open).toBe(0)
  expect(JSON.stringify((await then.spans()).map(({ data }) => data))).not.toContain('hunter2')
})

test('what fails fails its spans, without what the provider repeats; embeddings have a span, too', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const fails = async (): Promise<never> => {
    throw new RangeError('cannot answer "hunter2"')
  }
  const model = new MockLanguageModelV4({ ...named, doGenerate: fails })
  const embedder = new MockEmbeddingModelV4({ ...named, doEmbed: async () => ({ embeddings: [[1]], warnings: [] }) })
  await tracer.trace('request', 'outer', async () => {
    await expect(generateText({ model, prompt: 'hunter2', maxRetries: 0 })).rejects.toThrow('cannot answer "hunter2"')
    await embed({ model: embedder, value: 'hunter2' })
  })
  const [, ...spans] = await then.spans()
  expect(spans.map(({ name, data }) => [name, data['error.type'], data['error.message']])).toEqual([
    ['generateText', 'RangeError', expect.stringMatching(/^cannot answer/)],
    ['step', 'RangeError', expect.stringMatching(/^cannot answer/)],
    ['chat m-1', 'RangeError', expect.stringMatching(/^cannot answer/)],
    ['embeddings', undefined, undefined],
  ])
  expect(JSON.stringify(spans.map(({ data }) => data))).not.toContain('hunter2')
})
