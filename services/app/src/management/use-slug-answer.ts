import type { SlugAnswer } from '@pilot/chamber-ui/management/slug-field.tsx'
import { checkSlug } from '@pilot/domain/slugs'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { gateway } from '../lib/gateway.ts'

/** A pause in typing after which the server is asked, in ms. */
const PAUSE_MS = 250

/** Asks whether an address is free, after a pause in typing and only when it could be one at all. */
export function useSlugAnswer(): { answer: SlugAnswer | null; ask: (slug: string) => void } {
  const [wanted, setWanted] = useState('')
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [wanted])
  const answer = useQuery({
    ...gateway.query('slug.available', { slug: asked }),
    enabled: asked !== '' && checkSlug(asked) === null,
    staleTime: 5_000,
  })
  return {
    ask: setWanted,
    answer: answer.data ? { slug: asked, available: answer.data.available, message: answer.data.message } : null,
  }
}
