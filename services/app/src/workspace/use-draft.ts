import { useCallback, useEffect, useRef, useState } from 'react'

/** A draft is stored this long after the last key, in ms. */
const SAVE_MS = 300

/** The stored draft, or an empty text. */
export function readDraft(key: string): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

/** Stores a draft; an empty one is forgotten. */
export function writeDraft(key: string, text: string): void {
  try {
    if (text === '') localStorage.removeItem(key)
    else localStorage.setItem(key, text)
  } catch {
    // Storage is full or forbidden: the draft lives as long as the page.
  }
}

/** A text that outlives the page, by its key. The key is fixed for the life of the component. */
export function useDraft(key: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => readDraft(key))
  const unsaved = useRef<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const save = useCallback(() => {
    clearTimeout(timer.current)
    if (unsaved.current !== null) writeDraft(key, unsaved.current)
    unsaved.current = null
  }, [key])
  useEffect(() => {
    window.addEventListener('pagehide', save)
    return () => {
      window.removeEventListener('pagehide', save)
      save()
    }
  }, [save])
  const change = useCallback(
    (next: string) => {
      setText(next)
      unsaved.current = next
      clearTimeout(timer.current)
      // What was sent must not come back, whatever happens next.
      if (next === '') save()
      else timer.current = setTimeout(save, SAVE_MS)
    },
    [save],
  )
  return [text, change]
}

/** Key of a session's draft, or of the draft of a new task. */
export function draftKey(userId: string, slug: string, session: string): string {
  return `pilot.draft.${userId}.${slug}.${session}`
}
