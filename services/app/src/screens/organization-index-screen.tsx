import { NameForm } from '@pilot/chamber-ui/management/name-form.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { Dialog } from '@pilot/chamber-ui/primitives/dialog.tsx'
import { EmptyState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { PageHeader } from '@pilot/chamber-ui/shell/page-header.tsx'
import { useQuery } from '@tanstack/react-query'
import { Navigate, useRouter } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { readLastPlace } from '../lib/last-place.ts'
import { useCall } from '../lib/use-call.ts'
import { LoadError } from './load-error.tsx'
import { PageSkeleton } from './page-skeleton.tsx'

/** Leads to an instance of the organization; where there is none, offers to make one. */
export function OrganizationIndexScreen({ slug }: { slug: string }) {
  const organization = useQuery(gateway.query('organization.get', { organization_slug: slug }))
  const instances = useQuery(gateway.query('instance.list', { organization_slug: slug }))
  useDocumentTitle(organization.data?.name)
  if (instances.data && instances.data.length > 0) {
    const last = readLastPlace()
    const instance =
      (last?.organization === slug
        ? instances.data.find((candidate) => candidate.slug === last.instance)
        : undefined) ?? instances.data[0]
    if (instance) {
      return <Navigate to="/$slug/$instanceSlug" params={{ slug, instanceSlug: instance.slug }} replace />
    }
  }
  const failed = organization.error ? organization : instances.error ? instances : null
  if (failed?.error) {
    return (
      <div className="p-6">
        <LoadError
          error={failed.error}
          title="The organization could not be loaded."
          retry={failed.refetch}
          busy={failed.isFetching}
        />
      </div>
    )
  }
  if (!organization.data || !instances.data) return <PageSkeleton />
  return (
    <>
      <PageHeader title={organization.data.name} />
      <NoInstance slug={slug} mayCreate={organization.data.role !== 'member'} />
    </>
  )
}

function NoInstance({ slug, mayCreate }: { slug: string; mayCreate: boolean }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const create = useCall('instance.create', {
    invalidates: ['instance.list'],
    onSuccess: (instance) =>
      void router.navigate({ to: '/$slug/$instanceSlug', params: { slug, instanceSlug: instance.slug } }),
  })
  return (
    <div className="grid flex-1 place-items-center">
      <EmptyState
        icon={<Boxes />}
        title="Create the first instance"
        action={
          mayCreate ? (
            <Button variant="primary" onClick={() => setOpen(true)}>
              Create Instance
            </Button>
          ) : null
        }
      >
        An instance is one set of machines and workspaces with its own model and secrets: a product, a team, a client.
        {mayCreate ? null : ' An admin of the organization can create one.'}
      </EmptyState>
      <Dialog open={open} onOpenChange={setOpen} title="Create instance">
        <NameForm
          label="Name"
          placeholder="Storefront"
          submit="Create instance"
          busy={create.isPending}
          error={create.error}
          onSubmit={(name) => create.mutate({ organization_slug: slug, name })}
          onCancel={() => setOpen(false)}
        />
      </Dialog>
    </div>
  )
}
