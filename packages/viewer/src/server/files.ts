import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The page's own files, as the build leaves them beside this package's code. */
const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const

export type PageFile = keyof typeof TYPES

const read = new Map<PageFile, string>()

export function pageFile(name: PageFile): { type: string; text: string } {
  let text = read.get(name)
  if (text === undefined) {
    text = readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')
    read.set(name, text)
  }
  return { type: TYPES[name], text }
}

export function isPageFile(name: string): name is PageFile {
  return Object.hasOwn(TYPES, name)
}

export function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
