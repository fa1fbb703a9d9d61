import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allCells } from './cells/all.js'
import type { Cell } from './cells/cell.js'
import { pack } from './packed.js'
import { installProject, installRuntimes } from './tools.js'

// Tries the packed packages with everything that users have: `npm run matrix`, with `-- --write` for the table in the README, and
// with words, as in `-- Node pnpm`, for those groups alone.

const readme = fileURLToPath(new URL('../README.md', import.meta.url))
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const isWriting = process.argv.includes('--write')

interface Outcome {
  readonly cell: Cell
  readonly problem: string | undefined
  readonly note: string | undefined
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trace-matrix-')))
process.on('SIGINT', () => process.exit(130))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

console.log('packing, and installing tools: this takes some minutes')
const tarballs = await pack(join(folder, 'tarballs'))
const runtimes = await installRuntimes(join(folder, 'runtimes'))
const project = await installProject(join(folder, 'project'), tarballs)

const outcomes: Outcome[] = []
for (const each of allCells({ project, folder, tarballs, runtimes })) {
  if (words.length > 0 && !words.some((word) => each.group.toLowerCase().includes(word.toLowerCase()))) continue
  outcomes.push(await tried(each))
}
const failed = outcomes.filter(({ problem }) => problem !== undefined).length
console.log(`${outcomes.length - failed} ok, ${failed} failed`)
if (isWriting) writeTable()
process.exitCode = failed > 0 || outcomes.length === 0 ? 1 : 0

async function tried(each: Cell): Promise<Outcome> {
  const title = `${each.group}: ${each.name}`
  try {
    const note = await each.run()
    console.log(`ok      ${title}${note === undefined ? '' : ` (${note})`}`)
    return { cell: each, problem: undefined, note }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    console.log(`FAILED  ${title}\n${problem.replace(/^/gm, '        ')}`)
    return { cell: each, problem, note: undefined }
  }
}

function writeTable(): void {
  const rows = [...new Set(outcomes.map(({ cell }) => cell.group))].map((group) => {
    const of = outcomes.filter(({ cell }) => cell.group === group)
    const names = of.map(({ cell }) => `\`${cell.name}\``).join(', ')
    const notes = new Set(of.flatMap(({ note }) => note ?? []))
    const bad = of.filter(({ problem }) => problem !== undefined).map(({ cell }) => `\`${cell.name}\``)
    return [group, names, bad.length === 0 ? ['ok', ...notes].join(', ') : `failed: ${bad.join(', ')}`]
  })
  const date = new Date().toISOString().slice(0, 10)
  const total = `${outcomes.length - failed} of ${outcomes.length} on ${date}, ${process.platform} ${process.arch}:`
  const table = [total, '', ...aligned([['', 'tried', ''], ...rows])].join('\n')
  const text = readFileSync(readme, 'utf8')
  writeFileSync(
    readme,
    text.replace(/(<!-- matrix -->\n)[\s\S]*(\n<!-- end -->)/, (_all, start, end) => `${start}\n${table}\n${end}`),
  )
}

/** A table as `npm run format` leaves it. @param rows the first is its head */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)))
  const lines = rows.map((row) => `| ${row.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`)
  return lines.toSpliced(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
}
