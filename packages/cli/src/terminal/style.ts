import { inspect } from 'node:util'
import { type Style, type TextRole, wrapText } from '@trace/analysis'
import type { Context, Output } from './context.js'

/** How wide a terminal is that does not say so. */
const UNKNOWN_WIDTH = 80
/** How wide trees are where no terminal sets a limit. */
const PIPED_WIDTH = 120
/** Tables that are piped are not cut. */
const UNCUT = 10_000

/** Columns of a terminal, or what COLUMNS says; undefined where nothing sets a limit. */
function widthOf({ process: { stdout, env } }: Context): number | undefined {
  const said = Number(env['COLUMNS'])
  const given = Number.isInteger(said) && said > 0 ? said : undefined
  if (stdout.isTTY !== true) return given
  const { columns = 0 } = stdout
  return columns > 0 ? columns : (given ?? UNKNOWN_WIDTH)
}

/** How wide trees are, and whether that is a limit. */
export function treeLayout(context: Context): { readonly width: number; readonly wrap: boolean } {
  const width = widthOf(context)
  return { width: width ?? PIPED_WIDTH, wrap: width !== undefined }
}

export function tableWidth(context: Context): number {
  return widthOf(context) ?? UNCUT
}

/** A line of text, in as many lines as the terminal needs. */
export function wrapped(context: Context, text: string): string[] {
  const width = widthOf(context)
  return width === undefined ? [text] : wrapText(text, width)
}

/** As https://no-color.org and https://force-color.org say. `util.styleText` looks at the streams of the process only, not at a given one in all of Node 20. */
function hasColors(output: Output, env: Context['process']['env']): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false
  return output.isTTY === true
}

type Color = 'bold' | 'gray' | 'cyan' | 'blue' | 'yellow' | 'magenta' | 'red'

const COLORS: Readonly<Partial<Record<TextRole, readonly Color[]>>> = {
  heading: ['bold'],
  guide: ['gray'],
  service: ['cyan'],
  kind: ['blue'],
  frame: ['gray'],
  running: ['gray'],
  critical: ['yellow'],
  open: ['magenta'],
  note: ['gray'],
  failure: ['red'],
  key: ['gray'],
}

/** Colours text for standard output; undefined where it is to be plain. */
export function styleOf({ process: { stdout, env } }: Context): { readonly style?: Style } {
  return hasColors(stdout, env) ? { style: colored } : {}
}

function colored(text: string, role: TextRole): string {
  const colors = COLORS[role] ?? []
  return colors.reduce<string>((inner, color) => {
    const [on, off] = inspect.colors[color] ?? [0, 0]
    return `\u001b[${on}m${inner}\u001b[${off}m`
  }, text)
}
