import { useCallback, useSyncExternalStore } from 'react'

/** Widths at which the layout changes, as in the style sheet's `md` and `lg`. */
export const WIDE = '(width >= 1100px)'
export const PHONE = '(width < 768px)'

/** Whether the window fits a media query; renders again when that changes. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query)
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    [query],
  )
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches)
}
