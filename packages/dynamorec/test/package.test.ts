import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

test('a program with an SDK of its own, the newest included, needs no second one', () => {
  for (const name of ['dynamorec', 'benchmarks']) {
    const file = new URL(`../../${name}/package.json`, import.meta.url)
    const { dependencies, peerDependencies = {} } = JSON.parse(readFileSync(file, 'utf8'))
    const ofSdk = Object.entries({ ...dependencies, ...peerDependencies }).filter(([each]) =>
      each.startsWith('@aws-sdk/'),
    )
    // Of the packages of the SDK each wants others of the very same release: one alone is found in any program's.
    expect(ofSdk).toEqual([['@aws-sdk/client-dynamodb', expect.stringMatching(/^\^3\.\d+\.0$/)]])
  }
})
