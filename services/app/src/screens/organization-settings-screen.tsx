import { NameForm } from '@pilot/chamber-ui/management/name-form.tsx'
import { ConfirmDialog } from '@pilot/chamber-ui/primitives/confirm-dialog.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { PageBody, PageHeader } from '@pilot/chamber-ui/shell/page-header.tsx'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'
import { LoadError } from './load-error.tsx'
import { PageSkeleton } from './page-skeleton.tsx'
import { LossCard, SettingsCard } from './settings-parts.tsx'

/** Name of an organization, and its end. */
export function OrganizationSettingsScreen({ slug }: { slug: string }) {
  const router = useRouter()
  const organization = useQuery(gateway.query('organization.get', { organization_slug: slug }))
  const [deleting, setDeleting] = useState(false)
  useDocumentTitle('Settings', organization.data?.name)
  const rename = useCall('organization.rename', {
    invalidates: ['organization.get', 'organization.list'],
    onSuccess: () => toast.success('The name is changed.'),
  })
  const remove = useCall('organization.delete', {
    invalidates: ['organization.list'],
    onSuccess: () => void router.navigate({ to: '/' }),
  })
  if (organization.error && !organization.data) {
    return (
      <div className="p-6">
        <LoadError
          error={organization.error}
          title="The settings could not be loaded."
          retry={organization.refetch}
          busy={organization.isFetching}
        />
      </div>
    )
  }
  if (!organization.data) return <PageSkeleton />
  const { name, role } = organization.data
  return (
    <>
      <PageHeader title="Settings" facts={<span className="truncate text-text-3 text-sm">{name}</span>} />
      <PageBody narrow>
        <SettingsCard title="Organization">
          {role === 'member' ? (
            <p className="text-sm text-text-2">{name}. Admins and owners may change it.</p>
          ) : (
            <NameForm
              key={name}
              label="Name"
              initial={name}
              hint="The address stays the same."
              submit="Save name"
              busy={rename.isPending}
              error={rename.error}
              onSubmit={(next) => rename.mutate({ organization_slug: slug, name: next })}
            />
          )}
        </SettingsCard>
        {role === 'owner' ? (
          <LossCard title="Delete this organization" button="Delete organization…" onClick={() => setDeleting(true)}>
            Its instances, workspaces and sessions are forgotten and its machines disconnected. Files on the machines
            stay as they are.
          </LossCard>
        ) : null}
      </PageBody>
      <ConfirmDialog
        open={deleting}
        onOpenChange={setDeleting}
        title={`Delete ${name}?`}
        confirm="Delete organization"
        typedName={name}
        busy={remove.isPending}
        error={remove.error?.message}
        onConfirm={() => remove.mutate({ organization_slug: slug })}
      >
        Everything in it is forgotten here, for all its members. This cannot be undone.
      </ConfirmDialog>
    </>
  )
}
