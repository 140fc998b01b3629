import type { PilotClientError } from '@pilot/frontend/errors'
import type { InstanceView, OrganizationView, UserView, WorkspaceView } from '@pilot/protocol/api/views'
import { useQueries, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { gateway } from './gateway.ts'
import { readLastPlace, writeLastPlace } from './last-place.ts'

/** Organizations whose instances the switcher lists; the rest is reached by address. */
const MAX_GROUPS = 20

export interface Scope {
  user: UserView | null
  /** Undefined while they are fetched. */
  organizations: readonly OrganizationView[] | undefined
  instances: ReadonlyMap<string, readonly InstanceView[]>
  organization: OrganizationView | null
  instance: InstanceView | null
  workspace: WorkspaceView | null
  workspaces: readonly WorkspaceView[] | undefined
  slug: string | undefined
  error: PilotClientError | null
}

/** Where the address says one is: the organization, the instance and, on its pages, the workspace. */
export function useScope(): Scope {
  const { slug, instanceSlug } = useParams({ strict: false })
  const session = useQuery(gateway.query('user.session'))
  const organizations = useQuery(gateway.query('organization.list'))
  const resolved = useQuery({ ...gateway.query('slug.resolve', { slug: slug ?? '' }), enabled: slug !== undefined })
  const isWorkspace = slug !== undefined && resolved.data?.kind === 'workspace'
  const workspace = useQuery({
    ...gateway.query('workspace.get', { workspace_slug: slug ?? '' }),
    enabled: isWorkspace,
  })
  const shown = organizations.data?.slice(0, MAX_GROUPS) ?? []
  const lists = useQueries({
    queries: shown.map(({ slug: organization_slug }) => gateway.query('instance.list', { organization_slug })),
  })
  const instances = new Map(shown.map((organization, index) => [organization.slug, lists[index]?.data ?? []]))

  const last = slug === undefined ? readLastPlace() : null
  const organizationSlug =
    resolved.data?.kind === 'organization'
      ? resolved.data.slug
      : (workspace.data?.organization_slug ?? last?.organization)
  const settled = slug === undefined || resolved.isError
  const organization =
    organizations.data?.find((candidate) => candidate.slug === organizationSlug) ??
    (settled ? (organizations.data?.[0] ?? null) : null)
  const choices = organization ? (instances.get(organization.slug) ?? []) : []
  const wanted = instanceSlug ?? workspace.data?.instance_slug ?? last?.instance
  const instance =
    choices.find((candidate) => candidate.slug === wanted) ?? (instanceSlug === undefined ? (choices[0] ?? null) : null)
  const workspaces = useQuery({
    ...gateway.query('workspace.list', { instance_id: instance?.id ?? 'inst_' }),
    enabled: instance !== null,
  })

  const place = organization && instance ? `${organization.slug}/${instance.slug}` : null
  useEffect(() => {
    const [organizationPart, instancePart] = place?.split('/') ?? []
    if (organizationPart && instancePart) writeLastPlace({ organization: organizationPart, instance: instancePart })
  }, [place])

  return {
    user: session.data?.user ?? null,
    organizations: organizations.data,
    instances,
    organization,
    instance,
    workspace: isWorkspace ? (workspace.data ?? null) : null,
    workspaces: workspaces.data?.items,
    slug,
    error: organizations.error,
  }
}
