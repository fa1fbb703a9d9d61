import { completeSearch, type KnownValues } from '@trace/analysis'
import type { JSX, RefObject } from 'preact'
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
export function SearchBox(props: SearchBoxProps): JSX.Element {
  const { label, problem, onKeyDown } = props
  const id = useId()
  const box = useSuggestions(props)
  const { suggestions, chosen } = box
  return (
    <div class="search">
      <input
        ref={box.input}
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
        value={box.text}
        data-search
        onInput={({ currentTarget }) => box.type(currentTarget.value)}
        onFocus={() => box.enter(true)}
        onBlur={() => box.enter(false)}
        onKeyDown={(event) => {
          if (box.takeKey(event.key)) event.preventDefault()
          else onKeyDown?.(event)
        }}
      />
      {suggestions.length > 0 && <Suggestions id={id} {...box} />}
      {problem !== undefined && (
        <p class="mistake mono" id={`${id}-mistake`} role="alert">
          {problem.message}
        </p>
      )}
    </div>
  )
}

interface Box {
  readonly input: RefObject<HTMLInputElement | null>
  readonly text: string
  readonly suggestions: readonly Suggestion[]
  /** The place of the suggestion that Enter takes; -1 for none. */
  readonly chosen: number
  enter(isEntered: boolean): void
  type(text: string): void
  take(suggestion: Suggestion): void
  /** @returns whether the key was one of the suggestions or of the search */
  takeKey(key: string): boolean
}

/** What has been typed, and what it can be completed to. */
function useSuggestions({ value, known, eager = false, onSearch }: SearchBoxProps): Box {
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(value)
  const [shown, setShown] = useState(value)
  const [chosen, setChosen] = useState(-1)
  const [open, setOpen] = useState(false)
  // The URL may change under the box, by Back or by a click on a name.
  if (shown !== value) {
    setShown(value)
    setText(value)
  }
  const caret = (): number => input.current?.selectionStart ?? text.length
  const suggestions = open ? suggestionsFor(text.slice(0, caret()), known) : []
  const search = (wanted: string): void => {
    setShown(wanted)
    onSearch(wanted)
  }
  const type = (typed: string): void => {
    setText(typed)
    setChosen(-1)
    setOpen(true)
    // Who empties the box wants everything again.
    if (eager || typed === '') search(typed)
  }
  const take = ({ from, text: completed, isWhole }: Suggestion): void => {
    const next = `${text.slice(0, from)}${completed}${isWhole ? ' ' : ''}${text.slice(caret()).trimStart()}`
    setText(next)
    setChosen(-1)
    if (eager) search(next)
    setOpen(!isWhole)
    input.current?.focus()
  }
  const takeKey = (key: string): boolean => {
    const [count, suggestion] = [suggestions.length, suggestions[chosen]]
    if (key === 'ArrowDown' && count > 0) setChosen((chosen + 1) % count)
    else if (key === 'ArrowUp' && count > 0) setChosen(((chosen + count + 1) % (count + 1)) - 1)
    else if ((key === 'Enter' || key === 'Tab') && suggestion !== undefined) take(suggestion)
    else if (key === 'Enter' && !eager) {
      setOpen(false)
      search(text)
    } else if (key === 'Escape' && count > 0) setOpen(false)
    else return false
    return true
  }
  // None is chosen in a box that was left: a Tab would take it.
  const enter = (isEntered: boolean): void => {
    setOpen(isEntered)
    setChosen(-1)
  }
  return { input, text, suggestions, chosen, enter, type, take, takeKey }
}

function Suggestions({
  id,
  suggestions,
  chosen,
  take,
}: Pick<Box, 'suggestions' | 'chosen' | 'take'> & { readonly id: string }): JSX.Element {
  return (
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

/** As the search language writes a value or a data key. */
export function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}
