import { useCallback, useSyncExternalStore } from 'react'

/** Widths below this have the phone layout; the same number as the style sheet's `md`. */
export const PHONE_QUERY = '(width < 768px)'

/** True while a media query matches. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = window.matchMedia(query)
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    [query],
  )
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(query).matches,
    () => false,
  )
}
