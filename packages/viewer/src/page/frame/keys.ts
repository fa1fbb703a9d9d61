import { useLayoutEffect, useRef } from 'preact/hooks'

/** What keys do, by what the browser calls them; shift and letters give capitals. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/**
 * Listens to keys wherever the focus is, but in a field where one types, which Escape leaves, while a dialog is open, or with a key that is
 * the browser's.
 */
export function useKeys(keys: Keys): void {
  const current = useRef(keys)
  current.current = keys
  // Before what is shown can be seen, and not after: a key may be pressed as soon as it is.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target
      if (!(target instanceof HTMLElement) || document.querySelector('dialog') !== null) return
      if (target.matches('input, select, textarea')) {
        if (event.key === 'Escape') target.blur()
        return
      }
      // Enter and space press the button or follow the link that has the focus.
      if (target.closest('button, a, summary') !== null && (event.key === 'Enter' || event.key === ' ')) return
      const act = Object.hasOwn(current.current, event.key) ? current.current[event.key] : undefined
      if (act === undefined) return
      event.preventDefault()
      act(event)
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}

/** Puts the caret into the search box of the page. */
export function focusSearch(): void {
  document.querySelector<HTMLInputElement>('input[data-search]')?.focus()
}
