import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

/** How long a button says that it has copied, in ms. */
const SAID = 1_500

/** A button that copies a text; where the browser refuses, the text is shown to be copied by hand. */
export function Copy({ label, text }: { readonly label: string; text(): string }): JSX.Element {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text())
      setState('copied')
      setTimeout(() => setState('ready'), SAID)
    } catch {
      setState('refused')
    }
  }
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {state === 'copied' ? 'Copied' : label}
      </button>
      {state === 'refused' && (
        <textarea
          readOnly
          aria-label="Copy this text"
          rows={4}
          value={text()}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      )}
    </>
  )
}
