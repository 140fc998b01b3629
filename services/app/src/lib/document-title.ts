import { BRANDING } from '@pilot/chamber-ui/branding.ts'
import { useEffect } from 'react'

/** Names the browser's tab after the page, most particular first. */
export function useDocumentTitle(...parts: readonly (string | null | undefined)[]): void {
  const title = [...parts.filter(Boolean), BRANDING.name].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}
