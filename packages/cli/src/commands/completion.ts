import { buildChoiceParser, buildCommand, type Command } from '@stricli/core'
import { type Context, print } from '../terminal/context.js'

/** The word before those that are to be completed. The script of a shell calls `trace` with it. */
export const COMPLETE = '__complete'

// Where nothing is proposed, bash completes paths.
const BASH = `_trace_complete() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _trace_complete trace`

export const completion: Command<Context> = buildCommand<Record<never, never>, ['bash'], Context>({
  async func() {
    print(this, [BASH])
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'the shell: bash',
          parse: buildChoiceParser(['bash'] as const),
          proposeCompletions: () => ['bash'],
          placeholder: 'shell',
        },
      ],
    },
  },
  docs: {
    brief: 'Print what makes a shell complete commands and options',
    fullDescription: `Prints a script that makes bash complete commands, options and their values. Where there are none, bash completes paths.
The command trace must be in the PATH.

EXAMPLES
  source <(trace completion bash)   in ~/.bashrc`,
  },
})
