import { completeSearch, type KnownValues } from '@trace/analysis'
import type { JSX } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import type { Problem } from './api.js'

export interface SearchBoxProps {
  readonly label: string
  readonly value: string
  readonly problem: Problem | undefined
  /** Values to suggest. */
  readonly known: KnownValues
  /** Called when the reader has typed Enter, or, with `eager`, whenever the text changes. */
  onSearch(text: string): void
  readonly eager?: boolean
  onKeyDown?(event: KeyboardEvent): void
}

const MEANINGS: Readonly<Record<string, string>> = {
  'service:': 'where it ran',
  'kind:': 'the sort of activity, such as db',
  'name:': 'its name; * stands for any text',
  'duration:': 'how long it took, such as duration:>100ms',
  'status:': 'error or ok',
  'span:': 'open, finished or root',
  'host:': 'the host that it ran on',
  'process:': 'the process that it ran in',
  'trace:': 'the id of its trace',
  'id:': 'its id',
}

/** A search with suggestions of fields and values; a mistake is pointed at. */
export function SearchBox({
  label,
  value,
  problem,
  known,
  onSearch,
  eager = false,
  onKeyDown,
}: SearchBoxProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  const [text, setText] = useState(value)
  const [shown, setShown] = useState(value)
  const [chosen, setChosen] = useState(-1)
  const [open, setOpen] = useState(false)
  // The URL may change under the box, by Back or by a click on a name.
  if (shown !== value) {
    setShown(value)
    setText(value)
  }
  const suggestions = open ? suggestionsFor(text.slice(0, input.current?.selectionStart ?? text.length), known) : []

  const search = (wanted: string): void => {
    setOpen(false)
    setShown(wanted)
    onSearch(wanted)
  }
  const take = (suggestion: Suggestion): void => {
    const at = input.current?.selectionStart ?? text.length
    const next = `${text.slice(0, suggestion.from)}${suggestion.text}${suggestion.isWhole ? ' ' : ''}${text.slice(at).trimStart()}`
    setText(next)
    setChosen(-1)
    if (eager) search(next)
    setOpen(!suggestion.isWhole)
    input.current?.focus()
  }
  return (
    <div class="search">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={suggestions.length > 0}
        aria-controls={`${id}-options`}
        aria-autocomplete="list"
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-mistake`}
        aria-activedescendant={suggestions[chosen] === undefined ? undefined : `${id}-${chosen}`}
        placeholder="word  service:orders  duration:>100ms  status:error  @key:value"
        autocomplete="off"
        spellcheck={false}
        value={text}
        data-search
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          setChosen(-1)
          setOpen(true)
          // Who empties the box wants everything again.
          if (eager || currentTarget.value === '') {
            setShown(currentTarget.value)
            onSearch(currentTarget.value)
          }
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          const suggestion = suggestions[chosen]
          if (event.key === 'ArrowDown' && suggestions.length > 0) setChosen((chosen + 1) % suggestions.length)
          else if (event.key === 'ArrowUp' && suggestions.length > 0)
            setChosen(((chosen + suggestions.length) % (suggestions.length + 1)) - 1)
          else if ((event.key === 'Enter' || event.key === 'Tab') && suggestion !== undefined) take(suggestion)
          else if (event.key === 'Enter' && !eager) search(text)
          else if (event.key === 'Escape' && suggestions.length > 0) setOpen(false)
          else return onKeyDown?.(event)
          event.preventDefault()
        }}
      />
      {suggestions.length > 0 && (
        <ul class="options" role="listbox" id={`${id}-options`} aria-label="Suggestions">
          {suggestions.map((suggestion, at) => (
            <li
              key={suggestion.text}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === chosen}
              onPointerDown={(event) => {
                event.preventDefault()
                take(suggestion)
              }}
            >
              <span class="mono">{suggestion.text}</span> <span class="faint">{suggestion.meaning}</span>
            </li>
          ))}
        </ul>
      )}
      {problem !== undefined && (
        <p class="mistake mono" id={`${id}-mistake`} role="alert">
          {problem.message}
        </p>
      )}
    </div>
  )
}

interface Suggestion {
  readonly from: number
  readonly text: string
  readonly meaning: string
  /** Whether nothing has to follow. */
  readonly isWhole: boolean
}

const MOST_SUGGESTIONS = 12

/** For what stands before the caret. */
function suggestionsFor(before: string, known: KnownValues): Suggestion[] {
  const { from, options } = completeSearch(before, known)
  return options.slice(0, MOST_SUGGESTIONS).map((text) => ({
    from,
    text,
    meaning: MEANINGS[text] ?? '',
    isWhole: !text.endsWith(':'),
  }))
}

/** As the search language writes a value. */
export function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}
