import { BRANDING } from '@pilot/chamber-ui/branding.ts'
import { useEffect } from 'react'

/** Names the browser's tab after the page, most particular first. Without any part the name is somebody else's. */
export function useDocumentTitle(...parts: readonly (string | null | undefined)[]): void {
  const title = parts.length === 0 ? null : [...parts.filter(Boolean), BRANDING.name].join(' · ')
  useEffect(() => {
    if (title !== null) document.title = title
  }, [title])
}
