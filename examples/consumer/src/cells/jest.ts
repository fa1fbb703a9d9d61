import { rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runNode } from '../run.js'

export type Transform = 'babel-jest' | 'ts-jest' | '@swc/jest'

/** Runs Jest as most have it: no flags for Node, no settings but the transform, if any. @throws where a test fails */
export async function runJest(project: string, transform: Transform): Promise<void> {
  const jest = join(
    dirname(createRequire(join(project, 'package.json')).resolve('jest/package.json')),
    'bin',
    'jest.js',
  )
  const file = join(project, `jest.${transform.replace('/', '-')}.json`)
  writeFileSync(file, JSON.stringify(settingsOf(project, transform)))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: TSCONFIG }))
  const tests = transform === 'babel-jest' ? ['plain.test.js'] : ['plain.test.js', 'typed.test.ts']
  try {
    const { all } = await runNode([jest, '--config', file, ...tests], { cwd: project })
    if (!all.includes(`Test Suites: ${tests.length} passed`)) throw new Error(all)
  } finally {
    rmSync(join(project, 'tsconfig.json'))
  }
}

const TSCONFIG = { target: 'es2022', module: 'commonjs', esModuleInterop: true, strict: true, types: ['node', 'jest'] }

function settingsOf(project: string, transform: Transform): object {
  if (transform === 'babel-jest') return { rootDir: project }
  const options = transform === '@swc/jest' ? { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } } : {}
  return { rootDir: project, transform: { '\\.ts$': [transform, options] } }
}
