import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLE_PRINTS, expectPrinted } from '../programs.js'
import { runNode } from '../run.js'

const script = fileURLToPath(new URL('../../programs/bundlers.mjs', import.meta.url))

/** What goes into a bundler, and what is to come out. */
export interface Bundling {
  readonly tool: 'esbuild' | 'rollup' | 'webpack' | 'ncc'
  readonly entry: 'bundle.mjs' | 'bundle.cjs'
  readonly format: 'esm' | 'cjs'
  /** Default true. */
  readonly minify?: boolean
}

export const BUNDLINGS: readonly Bundling[] = (['esbuild', 'rollup', 'webpack', 'ncc'] as const).flatMap((tool) => [
  { tool, entry: 'bundle.mjs', format: 'esm' },
  { tool, entry: 'bundle.mjs', format: 'cjs' },
  { tool, entry: 'bundle.cjs', format: 'cjs' },
])

/** Bundles a program and runs it twice: alone, where nothing is installed, and in the project. @throws where any of it fails */
export async function bundleAndRun(project: string, { tool, entry, format, minify = true }: Bundling): Promise<void> {
  copyFileSync(script, join(project, 'bundlers.mjs'))
  const alone = mkdtempSync(join(tmpdir(), 'bundle-'))
  const inside = mkdtempSync(join(project, 'bundle-'))
  try {
    await runNode(['bundlers.mjs', tool, entry, format, alone, minify ? 'minify' : ''], { cwd: project })
    cpSync(alone, inside, { recursive: true })
    const file = format === 'esm' ? 'out.mjs' : 'out.cjs'
    expectPrinted((await runNode([file, 'alone'], { cwd: alone })).all, BUNDLE_PRINTS)
    expectPrinted((await runNode([file], { cwd: inside })).all, BUNDLE_PRINTS)
  } finally {
    for (const folder of [alone, inside]) rmSync(folder, { recursive: true, force: true })
  }
}
