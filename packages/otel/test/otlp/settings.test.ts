import { hostname } from 'node:os'
import { afterEach, describe, expect, test } from '@jest/globals'
import { settingsOf } from '../../src/otlp/settings.js'

const before = { ...process.env }
afterEach(() => {
  process.env = { ...before }
})

const THIS = `users:${process.pid}@${hostname()}`

function settings(variables: Record<string, string>, options: Parameters<typeof settingsOf>[0] = {}) {
  process.env = { ...before, ...variables }
  const { url, attributesOf, ...others } = settingsOf(options)
  return { url: url.href, own: attributesOf(THIS), other: attributesOf('nginx'), ...others }
}

describe('without options and variables', () => {
  test('a local receiver is sent to', () => {
    expect(settings({})).toEqual({
      url: 'http://localhost:4318/v1/traces',
      headers: {},
      gzip: true,
      timeout: 10_000,
      maxBytes: 4_194_304,
      own: {},
      other: {},
    })
  })
})

describe("OpenTelemetry's variables", () => {
  test('say what the options do not', () => {
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318/prefix/',
      OTEL_EXPORTER_OTLP_HEADERS: ' api-key = a%20b , x=1=2,',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
    }
    expect(settings(variables)).toMatchObject({
      url: 'https://collector:4318/prefix/v1/traces',
      headers: { 'api-key': 'a b', x: '1=2' },
      gzip: false,
      timeout: 500,
    })
    const options = { url: 'http://other:1/path', headers: { y: '2' }, gzip: true, timeout: 7 }
    expect(settings(variables, options)).toMatchObject({ ...options, url: 'http://other:1/path' })
  })

  test('for traces come before those for all signals, and their URL is used as it is', () => {
    expect(
      settings({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:2/',
        OTEL_EXPORTER_OTLP_HEADERS: 'x=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
      }),
    ).toMatchObject({ url: 'http://b:2/', headers: { x: '2' }, timeout: 2, gzip: true })
  })

  test('name the service of this process, and add attributes to all', () => {
    const OTEL_RESOURCE_ATTRIBUTES = 'service.name=listed,deployment.environment=a%2Cb'
    const others = { 'deployment.environment': 'a,b' }
    expect(settings({ OTEL_RESOURCE_ATTRIBUTES })).toMatchObject({
      own: { ...others, 'service.name': 'listed' },
      other: others,
    })
    const named = { OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: 'named' }
    expect(settings(named).own).toEqual({ ...others, 'service.name': 'named' })
    const resource = { 'service.name': 'given', rack: 7 }
    expect(settings(named, { resource })).toMatchObject({
      own: { ...others, ...resource },
      other: { ...others, rack: 7 },
    })
  })

  test('that are malformed or empty are not used', () => {
    const warned: string[] = []
    const { emitWarning } = process
    process.emitWarning = (warning: string | Error) => void warned.push(String(warning))
    try {
      expect(
        settings({
          OTEL_EXPORTER_OTLP_ENDPOINT: ' ',
          OTEL_EXPORTER_OTLP_HEADERS: 'secret',
          OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
          OTEL_EXPORTER_OTLP_COMPRESSION: 'zip',
          OTEL_RESOURCE_ATTRIBUTES: 'a=%zz',
        }),
      ).toEqual(settings({}))
    } finally {
      process.emitWarning = emitWarning
    }
    const names = ['HEADERS', 'COMPRESSION', 'TIMEOUT'].map((name) => `EXPORTER_OTLP_${name}`)
    expect(warned.sort()).toEqual(
      [...names, 'RESOURCE_ATTRIBUTES']
        .map((name) => `trace: otlpRecorder: the environment variable OTEL_${name} is not used: its value is malformed`)
        .sort(),
    )
  })
})

test('refuses wrong options, and shows no secret', () => {
  const wrong = [
    { url: 'ftp://x' },
    { url: 'localhost:4318' },
    { headers: { 'a b': 'secret' } },
    { headers: { a: 'secret\n' } },
    { headers: ['secret'] },
    { timeout: 0 },
    { maxBytes: -1 },
    { resource: { a: {} } },
    { path: 'x' },
  ]
  const messages = wrong.map((options) => {
    try {
      Reflect.apply(settingsOf, undefined, [options])
      return 'none'
    } catch (error) {
      return String(error)
    }
  })
  expect(messages).toEqual([
    'TraceError: otlpRecorder: url: expected a URL such as http://localhost:4318, got "ftp://x"',
    'TraceError: otlpRecorder: url: expected a URL such as http://localhost:4318, got "localhost:4318"',
    expect.stringContaining(
      '"headers": expected an object of names and texts that HTTP takes as headers, got an object',
    ),
    expect.stringContaining('got an object'),
    expect.stringContaining('"headers"'),
    expect.stringContaining('"timeout"'),
    expect.stringContaining('"maxBytes"'),
    expect.stringContaining('"resource": expected an object of texts, numbers and booleans'),
    expect.stringContaining('unknown option "path"'),
  ])
  expect(() => Reflect.apply(settingsOf, undefined, [{ url: 'http://a', headers: { a: 'secret\n' } }])).not.toThrow(
    /secret/,
  )
})
