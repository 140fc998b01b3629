import { useEffect, useRef } from 'react'

/** Time for the second key of a chord such as `g w`, in ms. */
const CHORD_MS = 1_200

/** Keys to actions: `?`, a chord such as `g w`, or `mod+k` (⌘ on Apple's machines, Ctrl elsewhere). */
export type Shortcuts = Readonly<Record<string, () => void>>

/** True where a key writes text or belongs to something that is open above the page. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable=true], [role=dialog], [role=menu]') !== null
  )
}

/** Which shortcut a key press completes, given the first key of a chord that may be waiting. */
export function matchShortcut(
  shortcuts: Shortcuts,
  pending: string | null,
  event: Pick<KeyboardEvent, 'key' | 'metaKey' | 'ctrlKey' | 'altKey'>,
): { run: (() => void) | null; pending: string | null } {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (event.altKey) return { run: null, pending: null }
  if (event.metaKey || event.ctrlKey) return { run: shortcuts[`mod+${key}`] ?? null, pending: null }
  const chord = pending === null ? undefined : shortcuts[`${pending} ${key}`]
  if (chord) return { run: chord, pending: null }
  if (shortcuts[key]) return { run: shortcuts[key], pending: null }
  const starts = Object.keys(shortcuts).some((shortcut) => shortcut.startsWith(`${key} `))
  return { run: null, pending: starts ? key : null }
}

/** Runs shortcuts of the page while nothing is being typed. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    let pending: string | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const onKey = (event: KeyboardEvent) => {
      const withCommand = event.metaKey || event.ctrlKey
      if (event.defaultPrevented || event.isComposing || (isTyping(event.target) && !withCommand)) return
      const match = matchShortcut(latest.current, pending, event)
      clearTimeout(timer)
      pending = match.pending
      if (pending !== null) timer = setTimeout(() => (pending = null), CHORD_MS)
      if (!match.run) return
      event.preventDefault()
      match.run()
    }
    window.addEventListener('keydown', onKey)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('keydown', onKey)
    }
  }, [])
}
