// Writes what each entry of each published package exports to packages/<package>/api/<entry>.api.md, so that a change of the
// public types shows in review. `--check` writes nothing, and fails if a report is out of date. The packages must be built.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

/**
 * @param root the folder that holds packages/
 * @param isCheck whether reports are compared only, and not written
 * @returns the paths from the root of the reports that are not right, or were not and are now
 */
export function reportApi(root, isCheck) {
  const temporary = mkdtempSync(join(tmpdir(), 'trace-api-'))
  try {
    const configs = publishedPackages(root).flatMap((folder) => configsOf(folder, temporary))
    const expected = new Set(configs.map((config) => config.reportFilePath))
    const stale = reportsIn(root).filter((report) => !expected.has(report))
    if (!isCheck) for (const report of stale) rmSync(report)
    return [...stale, ...changedReports(configs, isCheck)].map((report) => relative(root, report))
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

function publishedPackages(root) {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
  return folders.filter((folder) => existsSync(join(folder, 'package.json')) && !manifestOf(folder).private)
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function reportsIn(root) {
  return publishedPackages(root).flatMap((folder) => {
    const reports = join(folder, 'api')
    return existsSync(reports) ? readdirSync(reports).map((name) => join(reports, name)) : []
  })
}

function configsOf(folder, temporary) {
  const { name, exports } = manifestOf(folder)
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json')
  return entries.map((entry) => {
    const types = join(folder, exports[entry].import.types)
    if (!existsSync(types))
      throw new Error(
        `${name} is not built (${types} is missing): run npm run build first. The task //#api:check in turbo.json must depend on its build`,
      )
    const reportFolder = join(folder, 'api')
    return ExtractorConfig.prepare({
      packageJsonFullPath: join(folder, 'package.json'),
      configObject: {
        projectFolder: folder,
        mainEntryPointFilePath: types,
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              module: 'nodenext',
              target: 'es2023',
              lib: ['esnext'],
              skipLibCheck: true,
              types: ['node'],
            },
          },
        },
        apiReport: {
          enabled: true,
          reportFolder,
          // Two packages may have an entry of the same name.
          reportTempFolder: join(temporary, basename(folder)),
          reportFileName: entry === '.' ? 'index' : basename(entry),
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' } },
          extractorMessageReporting: {
            default: { logLevel: 'none' },
            'ae-forgotten-export': { logLevel: 'none' },
          },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
    })
  })
}

function changedReports(configs, isCheck) {
  const [first] = configs
  if (first === undefined) return []
  // One program for all entries: compiling takes most of the time, and they share most of their types.
  const compilerState = CompilerState.create(first, {
    additionalEntryPoints: configs.map((config) => config.mainEntryPointFilePath),
  })
  return configs
    .filter((config) => {
      if (!isCheck) mkdirSync(config.reportFolder, { recursive: true })
      const { apiReportChanged } = Extractor.invoke(config, { compilerState, localBuild: !isCheck, messageCallback })
      return apiReportChanged
    })
    .map((config) => config.reportFilePath)
}

/** Keeps quiet about what it says of itself, such as which compiler it brings along. */
function messageCallback(message) {
  if (message.logLevel !== 'error') message.handled = true
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isCheck = process.argv.includes('--check')
  const reports = reportApi(fileURLToPath(new URL('..', import.meta.url)), isCheck)
  for (const report of reports) console.log(isCheck ? `out of date: ${report}` : `updated: ${report}`)
  if (isCheck && reports.length > 0) {
    console.error(
      'The public types changed. Run npm run api, read the difference in git, and commit the reports with your change.',
    )
    process.exitCode = 1
  }
}
