import { buildChoiceParser, buildCommand, type Command } from '@stricli/core'
import type { Place } from '../actions/complete.js'
import { type Context, print } from '../terminal/context.js'

/** The word before those that are to be completed. The script of a shell calls `trace` with it. */
export const COMPLETE = '__complete'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

// Where nothing is proposed, the shells complete paths. A word that goes on, such as kind: or logs/, gets no space behind it.
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_trace_complete() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" ${COMPLETE} bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[:/] ]] && compopt -o nospace 2>/dev/null
}
complete -o default -F _trace_complete trace`,
  zsh: `#compdef trace
_trace() {
  local word
  local -a found begun
  while IFS= read -r word; do
    if [[ $word == *[:/] ]]; then begun+=("$word"); else found+=("$word"); fi
  done < <("\${words[1]}" ${COMPLETE} words "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} + \${#begun} == 0 )); then _files; return; fi
  (( \${#found} )) && compadd -a found
  (( \${#begun} )) && compadd -S '' -a begun
}
compdef _trace trace`,
  fish: `function __trace_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  $before[1] ${COMPLETE} words $before[2..-1] "$current" 2>/dev/null
end
complete -c trace -a '(__trace_complete)'`,
}

export const completion: Command<Context> = buildCommand<Record<never, never>, [Shell], Context>({
  async func(_flags, shell) {
    print(this, [SCRIPTS[shell]])
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'the shell: bash, zsh or fish',
          parse: buildChoiceParser(SHELLS),
          proposeCompletions: () => [...SHELLS],
          placeholder: 'shell',
        },
      ],
    },
  },
  docs: {
    brief: 'Print what makes a shell complete commands, options, searches and ids',
    fullDescription: `Prints a script that makes bash, zsh or fish complete commands, options and their values, stores, the conditions of a search
with the values that the newest spans of the store have, and the ids of the newest traces. The command trace must be in the PATH.

EXAMPLES
  source <(trace completion bash)    in ~/.bashrc
  source <(trace completion zsh)     in ~/.zshrc, after compinit
  trace completion fish | source     in ~/.config/fish/config.fish`,
  },
})

/** Completes a word of a parameter; what does so is loaded when it is needed. */
export function proposing(...places: readonly Place[]) {
  return async function (this: Context, partial: string): Promise<string[]> {
    const { complete } = await import('../actions/complete.js')
    return complete(this, partial, places)
  }
}

/** What a shell asks to be completed. */
export interface Asked {
  readonly words: readonly string[]
  /** Puts what completes the last word as the shell wants it. */
  readonly answer: (word: string) => string
}

/** @param args what stands behind `__complete` */
export function asked([how, ...args]: readonly string[]): Asked {
  if (how !== 'bash') return { words: args, answer: (word) => word }
  const [line = '', breaks = ''] = args
  const { words, last } = wordsOfLine(line)
  return { words: words.slice(1), answer: (word) => forBash(word, last, breaks) }
}

/** The words of a line of bash without their quotes, and the last one as it is written. */
function wordsOfLine(line: string): { readonly words: string[]; readonly last: string } {
  const pieces = [...line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?|\\$)+/gs)].map(([piece]) => piece)
  const last = /\s$/.test(line) && pieces.at(-1)?.endsWith(line.slice(-1)) !== true ? '' : (pieces.pop() ?? '')
  return { words: [...pieces, last].map(withoutQuotes), last }
}

function withoutQuotes(word: string): string {
  return word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"?|'([^']*)'?/gs, (_all, escaped, double, single) =>
    typeof escaped === 'string'
      ? escaped
      : typeof single === 'string'
        ? single
        : String(double).replace(/\\(["\\$`])/g, '$1'),
  )
}

/** Bash completes what stands behind the last of some characters, unless they are in quotes. It inserts the text as it is. */
function forBash(word: string, typed: string, breaks: string): string {
  if (/^["']/.test(typed)) return word
  const escaped = word.replace(/[^\w@%+=:,./-]/g, '\\$&')
  const cut = 1 + Math.max(...[':', '@', '='].map((each) => (breaks.includes(each) ? typed.lastIndexOf(each) : -1)))
  return escaped.startsWith(typed.slice(0, cut)) ? escaped.slice(cut) : escaped
}
