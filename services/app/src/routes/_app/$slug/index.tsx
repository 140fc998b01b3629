import { useQuery } from '@tanstack/react-query'
import { createFileRoute } from '@tanstack/react-router'
import { gateway } from '../../../lib/gateway.ts'
import { OrganizationIndexScreen } from '../../../screens/organization-index-screen.tsx'
import { WorkspaceScreen } from '../../../workspace/workspace-screen.tsx'

export const Route = createFileRoute('/_app/$slug/')({ component: SlugIndex })

function SlugIndex() {
  const { slug } = Route.useParams()
  const resolved = useQuery(gateway.query('slug.resolve', { slug }))
  if (resolved.data?.kind === 'workspace') return <WorkspaceScreen key={slug} slug={slug} />
  return <OrganizationIndexScreen slug={slug} />
}
