import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spanToJsonLine } from '@trace/jsonrec'
import { trace } from '../support/run.js'
import { idOf, storySpans, writeStory } from '../support/story.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
const bin = join(cwd, 'bin')
beforeAll(async () => {
  await writeStory(cwd)
  mkdirSync(bin)
  symlinkSync(fileURLToPath(new URL('../../bin/trace.mjs', import.meta.url)), join(bin, 'trace'))
  const [span] = storySpans()
  const services = ['$(touch pwned)', '`touch pwned`', 'a b', "it's", '\u001b[2J', 'ok']
  const hostile = services.map((service) => span && { ...span, process: `${service}:1@host` })
  const lines = hostile.map((each) => (each === undefined ? '' : spanToJsonLine(each)))
  writeFileSync(join(cwd, 'hostile.jsonl'), lines.join(''))
})
afterAll(() => rmSync(cwd, { recursive: true }))

const STORES = ['bin/', 'gateway.jsonl', 'hostile.jsonl', 'inventory.jsonl.gz', 'orders.yaml']
const FIELDS = ['duration:', 'host:', 'id:', 'kind:', 'name:', 'process:', 'service:', 'span:', 'status:', 'trace:']

test.each([
  [['d'], ['diff', 'doctor']],
  [
    ['ls', '--s'],
    ['--since', '--sort'],
  ],
  [
    ['ls', '--sort', ''],
    ['time', 'duration', 'spans'],
  ],
  [['export', '--to', 'z'], ['zipkin']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [
    ['ls', ''],
    [...STORES, ...FIELDS],
  ],
  [['ls', 'o'], ['orders.yaml']],
  [['stats', 'bin/tr'], []],
  [
    ['ls', 'orders.yaml', 'kind:'],
    ['kind:db', 'kind:client', 'kind:mail', 'kind:request', 'kind:task'],
  ],
  [['ls', '-f', 'orders.yaml', 'service:'], ['service:orders']],
  [['tail', 'status:e'], ['status:error']],
  [['stats', 'orders.yaml', 'name:nig'], ['name:nightly invoices']],
  [['stats', 'orders.yaml', '@inv'], ['@invoice.id:']],
  [['ls', 'orders.yaml', '--from', 'gate'], ['gateway.jsonl']],
  [['ls', 'none.jsonl', 'kind:'], []],
  [
    ['show', 'orders.yaml', 'l'],
    ['last', 'last-error'],
  ],
  [['show', 'orders.yaml', String(idOf(13)).slice(0, 5)], [String(idOf(13))]],
  [['copy', 'in'], ['inventory.jsonl.gz']],
])('%j is completed to %j', async (words, expected) => {
  const { code, out, err } = await trace(['__complete', 'words', ...words], { cwd })
  expect({ code, err }).toEqual({ code: undefined, err: '' })
  expect(out.split('\n').filter(Boolean).sort()).toEqual([...expected].sort())
})

/** A shell with the command in its path. @returns what it printed */
function shell(name: string, args: readonly string[], program: string): string {
  const env = { ...process.env, NODE_OPTIONS: '', PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: cwd }
  const { stdout, stderr, error } = spawnSync(name, [...args, program], { cwd, env, encoding: 'utf8' })
  expect({ stderr, error }).toEqual({ stderr: '', error: undefined })
  return stdout
}

const BREAKS = `\\ "'@><=;|&(:`

test('bash completes by the script that the command prints', async () => {
  const { out: script } = await trace(['completion', 'bash'])
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['trace ls --so', ['--sort']],
    // Bash replaces what stands behind the last colon.
    ['trace ls orders.yaml kind:ma', ['mail']],
    ["trace ls orders.yaml 'kind:ma", ['kind:mail']],
    ['trace stats orders.yaml @inv', ['invoice.id:']],
    ['trace ls orders.yaml name:nig', ['nightly\\ invoices']],
    ['trace ls orders.yaml name:nightly\\ in', ['nightly\\ invoices']],
    [
      'trace ls hostile.jsonl service:',
      ['\\"\\$\\(touch\\ pwned\\)\\"', '\\"a\\ b\\"', '\\"\\`touch\\ pwned\\`\\"', "it\\'s", 'ok'],
    ],
    ['trace show last -f or', ['orders.yaml']],
  ]
  const asked = lines.map(
    ([line], at) => `COMP_LINE=${JSON.stringify(line).replace(/[$`]/g, '\\$&')} COMP_POINT=99 COMP_WORDS=(trace)
_trace_complete; printf '${at} %s\\n' "\${COMPREPLY[@]}"`,
  )
  const printed = shell(
    'bash',
    ['-c'],
    `${script}\nCOMP_WORDBREAKS=${`$'${BREAKS.replace(/['\\]/g, '\\$&')}'`}\n${asked.join('\n')}\ncomplete -p trace`,
  )
  const found = lines.map(([line], at) => [
    line,
    printed
      .split('\n')
      .filter((each) => each.startsWith(`${at} `))
      .map((each) => each.slice(2))
      .sort(),
  ])
  expect(found).toEqual(lines.map(([line, words]) => [line, [...words].sort()]))
  expect(printed).toContain('complete -o default -F _trace_complete trace')
  expect(readdirSync(cwd)).not.toContain('pwned')
})

/** Whether a shell is installed: few machines have all three. */
const has = (name: string): boolean => spawnSync(name, ['-c', 'exit 0']).status === 0
const withZsh = has('zsh') ? test : test.skip
const withFish = has('fish') ? test : test.skip

withZsh('zsh completes by the script that the command prints', async () => {
  const { out: script } = await trace(['completion', 'zsh'])
  const stubs = `compdef() { print -r -- "compdef $*" }
_files() { print -r -- files }
compadd() { [[ $1 == -S ]] && { print -rn -- "nospace "; shift 2 }; print -r -- "\${(P)2}" }`
  const ask = (...words: string[]): string =>
    `words=(trace ${words.map((word) => `'${word}'`).join(' ')}) CURRENT=${words.length + 1}; _trace`
  const program = `${stubs}\n${script}\n${ask('ls', 'orders.yaml', 'kind:ma')}\n${ask('stats', 'orders.yaml', '@inv')}\n${ask('ls', '--limit', '')}`
  expect(shell('zsh', ['-fc'], program)).toBe('compdef _trace trace\nkind:mail\nnospace @invoice.id:\nfiles\n')
})

withFish('fish completes by the script that the command prints', async () => {
  const { out: script } = await trace(['completion', 'fish'])
  const program = `${script}\ncomplete -C 'trace ls orders.yaml kind:ma'\ncomplete -C 'trace show orders.yaml last-'`
  expect(shell('fish', ['--no-config', '-c'], program)).toBe('kind:mail\nlast-error\n')
})

test('the other scripts are printed, and another shell is misuse', async () => {
  expect((await trace(['completion', 'zsh'])).out).toMatch(/^#compdef trace\n[\s\S]*compdef _trace trace\n$/)
  expect((await trace(['completion', 'fish'])).out).toMatch(/complete -c trace -a '\(__trace_complete\)'\n$/)
  expect(await trace(['completion', 'tcsh'])).toMatchObject({ code: 2, out: '' })
})
