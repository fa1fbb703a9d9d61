import { DATA_KEYS, type PlainData, type PlainValue } from '@trace/core/spans'
import type { JSX } from 'preact'
import { isolated } from '../frame/name-text.js'
import { isMap, laidOut, textOf } from './data-table.js'

/** The keys that {@link ErrorOf} shows. */
export const ERROR_KEYS: readonly string[] = [
  DATA_KEYS.errorType,
  DATA_KEYS.errorMessage,
  DATA_KEYS.errorStack,
  DATA_KEYS.errorCause,
  DATA_KEYS.errorParts,
]

/** Recorders keep fewer levels of errors within errors; a file may hold more. */
const MOST_LEVELS = 8

/** The error that a span failed with: its stack, what caused it, and its parts. */
export function ErrorOf({ data }: { readonly data: PlainData }): JSX.Element | null {
  const type = data[DATA_KEYS.errorType]
  if (type === undefined) return null
  return (
    <section class="error" aria-label="Error">
      <OneError
        error={{
          type,
          message: data[DATA_KEYS.errorMessage] ?? '',
          stack: data[DATA_KEYS.errorStack] ?? '',
          cause: data[DATA_KEYS.errorCause] ?? [],
          errors: data[DATA_KEYS.errorParts] ?? [],
        }}
        level={0}
      />
    </section>
  )
}

function OneError({ error, level }: { readonly error: PlainValue; readonly level: number }): JSX.Element {
  if (!isMap(error) || level > MOST_LEVELS) return <pre>{laidOut(error)}</pre>
  const { type = '', message = '', stack = '', cause = [], errors = [] } = error
  return (
    <>
      <p class="bad">
        <b>{isolated(textOf(type))}</b>: {textOf(message)}
      </p>
      {stack !== '' && <pre>{textOf(stack)}</pre>}
      <Others title="Caused by" errors={cause} level={level + 1} />
      <Others title="One of its errors" errors={errors} level={level + 1} />
    </>
  )
}

interface OthersProps {
  readonly title: string
  /** A list, as recorders write it; others may write one error, or its text. */
  readonly errors: PlainValue
  readonly level: number
}

function Others({ title, errors, level }: OthersProps): JSX.Element {
  const list: readonly PlainValue[] = Array.isArray(errors) ? errors : [errors]
  return (
    <>
      {list.map((error, at) => (
        <section key={at} class="error">
          <h3>{title}</h3>
          <OneError error={error} level={level} />
        </section>
      ))}
    </>
  )
}
