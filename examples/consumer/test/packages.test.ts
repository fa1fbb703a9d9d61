import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { type Conditions, entriesOf, publishedPackages } from '../src/packed.js'
import { tarballs } from './support/tarballs.js'

const here = fileURLToPath(new URL('..', import.meta.url))
const manifests = publishedPackages()
const entries = manifests.flatMap(({ manifest }) => entriesOf(manifest))

function pathsOf(target: string | Conditions): string[] {
  if (typeof target === 'string') return [target]
  const { import: imported, 'module-sync': either, require: required } = target
  return [imported.types, imported.default, either, required.types, required.default]
}

/** In a thread, which loads it as a process would that loads nothing else. */
const THREAD = `
  const { parentPort, workerData: entry } = require('node:worker_threads')
  const required = require(entry)
  import(entry).then((imported) => {
    const names = Object.keys(imported).filter((name) => name !== 'module.exports')
    parentPort.postMessage(names.length > 0 && names.every((name) => imported[name] === required[name]))
  })`

describe('each entry', () => {
  let found: Record<string, unknown> = {}
  beforeAll(() => {
    const program = `
      const { once } = require('node:events')
      const { Worker } = require('node:worker_threads')
      async function load(entry) {
        const thread = new Worker(${JSON.stringify(THREAD)}, { eval: true, workerData: entry })
        const [answer] = await once(thread, 'message').catch((error) => [String(error)])
        await thread.terminate()
        return answer
      }
      (async () => {
        const found = {}
        for (const entry of ${JSON.stringify(entries)}) found[entry] = await load(entry)
        console.log(JSON.stringify(found))
      })()`
    // In this folder, so that it finds what is installed here.
    found = JSON.parse(execFileSync(process.execPath, ['-e', program], { cwd: here, encoding: 'utf8' }))
  })

  test.each(entries)('%s loads by import and by require(), as one instance', (entry) => {
    expect(found[entry]).toBe(true)
  })
})

describe.each(manifests)('the package $manifest.name', ({ manifest }) => {
  test('packs what its exports name, and neither tests nor build files', () => {
    const listed = execFileSync('tar', ['-tzf', tarballs.get(manifest.name) ?? ''], { encoding: 'utf8' })
    const packed = listed
      .trimEnd()
      .split('\n')
      .map((path) => path.replace('package/', ''))
    for (const path of [manifest.main, ...Object.values(manifest.exports).flatMap(pathsOf)]) {
      expect(packed).toContain(path.replace('./', ''))
    }
    expect(packed.filter((path) => !/^(bin|dist|src)\/|^package\.json$|^README\.md$|^LICENSE$/.test(path))).toEqual([])
    expect(packed).toContain('README.md')
    expect(packed).toContain('LICENSE')
  })
})
