import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { gateway } from '../lib/gateway.ts'
import { NotFoundScreen } from './not-found-screen.tsx'

/** Pages that only a workspace has: below an organization's address there is nothing. */
export function WorkspaceOnly({ slug, children }: { slug: string; children: ReactNode }) {
  const resolved = useQuery(gateway.query('slug.resolve', { slug }))
  return resolved.data?.kind === 'workspace' ? children : <NotFoundScreen />
}
