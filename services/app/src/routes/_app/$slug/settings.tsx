import { useQuery } from '@tanstack/react-query'
import { createFileRoute } from '@tanstack/react-router'
import { gateway } from '../../../lib/gateway.ts'
import { OrganizationSettingsScreen } from '../../../screens/organization-settings-screen.tsx'
import { WorkspaceSettingsScreen } from '../../../screens/workspace-settings-screen.tsx'

export const Route = createFileRoute('/_app/$slug/settings')({ component: SlugSettings })

function SlugSettings() {
  const { slug } = Route.useParams()
  const resolved = useQuery(gateway.query('slug.resolve', { slug }))
  if (resolved.data?.kind === 'workspace') return <WorkspaceSettingsScreen key={slug} slug={slug} />
  return <OrganizationSettingsScreen key={slug} slug={slug} />
}
