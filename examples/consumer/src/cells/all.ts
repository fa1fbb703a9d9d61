import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entriesOf, publishedPackages } from '../packed.js'
import { expectPrinted, putPrograms, SERVICE_PRINTS } from '../programs.js'
import { run } from '../run.js'
import { commandOf, NODES, type Runtimes, TYPESCRIPTS } from '../tools.js'
import { BUNDLINGS, bundleAndRun } from './bundlers.js'
import { type Cell, cell } from './cell.js'
import { runJest } from './jest.js'
import { installByPnpm, installByYarn } from './managers.js'
import { checkTypes, lintPackage } from './published.js'
import { otherRuntimes } from './runtimes.js'
import { compile, type Resolution } from './typescript.js'

const programs = fileURLToPath(new URL('../../programs', import.meta.url))
const ENDINGS = ['mjs', 'cjs'] as const
const RESOLUTIONS: readonly Resolution[] = ['node10', 'node16', 'nodenext', 'bundler']

/** What the cells have to do with. */
export interface Place {
  /** A user's project, with everything installed. */
  readonly project: string
  /** Where further projects may be made. */
  readonly folder: string
  readonly tarballs: ReadonlyMap<string, string>
  readonly runtimes: Runtimes
}

/** All that is tried, in order. */
export function allCells(place: Place): Cell[] {
  putPrograms(place.project)
  return [
    ...published(place),
    ...nodes(place),
    ...compilers(place),
    ...testRunners(place),
    ...bundlers(place),
    ...managers(place),
    ...otherRuntimes(place),
  ]
}

function published({ tarballs }: Place): Cell[] {
  return [...tarballs].flatMap(([name, tarball]) => [
    cell('Are the types wrong?', name, () => checkTypes(tarball)),
    cell('publint', name, () => lintPackage(tarball)),
  ])
}

/** Runs the three services by some command. */
async function runService(cwd: string, command: string, args: readonly string[]): Promise<void> {
  expectPrinted((await run(command, args, { cwd })).out, SERVICE_PRINTS)
}

function nodes({ project, runtimes }: Place): Cell[] {
  copyFileSync(join(programs, 'two-copies.cjs'), join(project, 'two-copies.cjs'))
  return NODES.flatMap((version) => {
    const node = runtimes.node(version)
    const group = `Node ${version}`
    return [
      ...ENDINGS.map((ending) => cell(group, `.${ending}`, () => runService(project, node, [`service.${ending}`]))),
      cell(group, 'import and require() in one program', async () => {
        const { out } = await run(node, ['-e', countCopies()], { cwd: project })
        const expected = version === '22.11.0' ? 2 : 1
        if (out.trim() !== String(expected)) throw new Error(`expected ${expected} copies, got ${out}`)
      }),
      cell(group, 'one trace through two copies', async () => {
        const flags = version === '22.11.0' ? [] : ['--no-experimental-require-module']
        const { out } = await run(node, [...flags, 'two-copies.cjs'], { cwd: project })
        const { copies, context } = JSON.parse(out.split('\n')[0] ?? '')
        if (copies !== 2 || context.includes(false)) throw new Error(out)
      }),
    ]
  })
}

/** Prints of how many copies the exports are. */
function countCopies(): string {
  const entries = publishedPackages().flatMap(({ manifest }) => entriesOf(manifest))
  return `
    const entries = ${JSON.stringify(entries)}
    Promise.all(entries.map((entry) => import(entry))).then((imported) => {
      const isSame = (entry, at) => Object.keys(imported[at]).every((name) =>
        name === 'default' || name === 'module.exports' || imported[at][name] === require(entry)[name])
      console.log(entries.every(isSame) ? 1 : 2)
    })`
}

function compilers({ project, runtimes }: Place): Cell[] {
  return TYPESCRIPTS.flatMap((version) =>
    RESOLUTIONS.filter((resolution) => resolution !== 'node10' || Number(version) < 7).map((resolution) => ({
      group: `TypeScript ${version}`,
      name: resolution,
      run: async () => {
        // On and off, in turns.
        const exactOptionalPropertyTypes = RESOLUTIONS.indexOf(resolution) % 2 === 0
        const compilation = { version: Number(version), resolution, exactOptionalPropertyTypes }
        const mistakes = await compile(project, runtimes.typescript(version), compilation)
        return mistakes === 0 ? undefined : `${mistakes} mistakes in declarations of other packages`
      },
    })),
  )
}

function testRunners({ project, runtimes }: Place): Cell[] {
  const node = runtimes.node('24')
  return [
    ...(['babel-jest', 'ts-jest', '@swc/jest'] as const).map((transform) =>
      cell('Jest 30, without flags', transform, () => runJest(project, transform)),
    ),
    cell('Vitest', 'plain.test.js, typed.test.ts', async () => {
      writeFileSync(join(project, 'vitest.config.mjs'), 'export default { test: { globals: true } }\n')
      const files = ['plain.test.js', 'typed.test.ts']
      const { all } = await run(node, [commandOf(project, 'vitest'), 'run', ...files], { cwd: project })
      if (!/Tests\s+4 passed/.test(all.replace(/\x1b\[\d+m/g, ''))) throw new Error(all)
    }),
    ...ENDINGS.map((ending) =>
      cell('tsx', `.${ending}`, () =>
        runService(project, process.execPath, [commandOf(project, 'tsx'), `service.${ending}`]),
      ),
    ),
  ]
}

function bundlers({ project }: Place): Cell[] {
  return BUNDLINGS.map((bundling) => {
    const { tool, entry, format } = bundling
    return cell(tool, `${entry} to ${format}`, () => bundleAndRun(project, bundling))
  })
}

function managers({ folder, tarballs, runtimes }: Place): Cell[] {
  const [yarnFolder, pnpmFolder] = [join(folder, 'yarn'), join(folder, 'pnpm')]
  let inYarn: ReturnType<typeof installByYarn> | undefined
  let inPnpm: Promise<void> | undefined
  return ENDINGS.flatMap((ending) => [
    cell("yarn, Plug'n'Play", `.${ending}`, async () => {
      inYarn ??= installByYarn(yarnFolder, runtimes.yarn, tarballs)
      expectPrinted(await (await inYarn)([`service.${ending}`]), SERVICE_PRINTS)
    }),
    cell('pnpm', `.${ending}`, async () => {
      inPnpm ??= installByPnpm(pnpmFolder, runtimes.pnpm, tarballs)
      await inPnpm
      await runService(pnpmFolder, process.execPath, [`service.${ending}`])
    }),
  ])
}
