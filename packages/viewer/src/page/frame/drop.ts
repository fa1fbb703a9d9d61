import type { Span } from '@trace/core/spans'
import { useEffect, useState } from 'preact/hooks'
import { importSpans } from './import.js'

/** Larger files are refused: the page would hold all of it. In bytes. */
const LARGEST = 512 * 2 ** 20

export interface Dropped {
  readonly name: string
  readonly spans: readonly Span[]
}

export interface FileDrop {
  readonly dropped: Dropped | undefined
  /** What went wrong. */
  readonly message: string | undefined
  forget(): void
}

/** Takes files that are dropped on the page, of every format that can be imported, without a server. */
export function useFileDrop(): FileDrop {
  const [dropped, setDropped] = useState<Dropped>()
  const [message, setMessage] = useState<string>()
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      document.body.classList.add('dropping')
    }
    const leave = (): void => document.body.classList.remove('dropping')
    const drop = (event: DragEvent): void => {
      leave()
      const file = event.dataTransfer?.files[0]
      if (file === undefined) return
      event.preventDefault()
      read(file).then(
        (spans) => {
          setMessage(undefined)
          setDropped({ name: file.name, spans })
        },
        (error: unknown) =>
          setMessage(`${file.name} cannot be shown: ${error instanceof Error ? error.message : String(error)}`),
      )
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  return {
    dropped,
    message,
    forget: () => {
      setDropped(undefined)
      setMessage(undefined)
    },
  }
}

async function read(file: File): Promise<readonly Span[]> {
  if (file.size > LARGEST)
    throw new Error(`it has more than ${LARGEST / 2 ** 20} MB; \`npx trace view\` reads larger ones`)
  return importSpans(await file.text())
}
