import { FormError } from '@pilot/chamber-ui/management/form-error.tsx'
import { SlugField, slugVerdict } from '@pilot/chamber-ui/management/slug-field.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { Field, Input } from '@pilot/chamber-ui/primitives/field.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { PageBody, PageHeader } from '@pilot/chamber-ui/shell/page-header.tsx'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'
import { urlPrefix } from '../management/add-directory.tsx'
import { useSlugAnswer } from '../management/use-slug-answer.ts'
import { useWorkspaceActions } from '../management/use-workspace-actions.tsx'
import { LoadError } from './load-error.tsx'
import { PageSkeleton } from './page-skeleton.tsx'
import { LossCard, SettingsCard } from './settings-parts.tsx'

/** Name and address of a workspace, and its end. */
export function WorkspaceSettingsScreen({ slug }: { slug: string }) {
  const router = useRouter()
  const workspace = useQuery(gateway.query('workspace.get', { workspace_slug: slug }))
  useDocumentTitle('Settings', workspace.data?.name)
  const actions = useWorkspaceActions(() => void router.navigate({ to: '/' }))
  if (workspace.error && !workspace.data) {
    return (
      <div className="p-6">
        <LoadError
          error={workspace.error}
          title="The settings could not be loaded."
          retry={workspace.refetch}
          busy={workspace.isFetching}
        />
      </div>
    )
  }
  const data = workspace.data
  if (!data) return <PageSkeleton />
  const archived = data.status === 'archived'
  return (
    <>
      <PageHeader
        title="Settings"
        backHref={`/${slug}`}
        facts={<span className="truncate text-text-3 text-sm">{data.name}</span>}
      />
      <PageBody narrow>
        <SettingsCard title="Workspace">
          <WorkspaceForm key={data.slug} workspace={data} />
        </SettingsCard>
        <SettingsCard title="Where it is">
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
            <dt className="text-text-3">Directory</dt>
            <dd>
              <code className="break-all">{data.root_path ?? 'not known yet'}</code>
            </dd>
            <dt className="text-text-3">Machine</dt>
            <dd>{data.machine?.name ?? 'none yet'}</dd>
          </dl>
        </SettingsCard>
        <SettingsCard title={archived ? 'Archived' : 'Archive'}>
          <p className="text-sm text-text-2">
            {archived
              ? 'It is put away. Restoring brings it back with all its sessions.'
              : 'Puts it away with its sessions. It can be restored at any time.'}
          </p>
          <div>
            <Button onClick={() => (archived ? actions.handlers.onRestore(data) : actions.handlers.onArchive(data))}>
              {archived ? 'Restore workspace' : 'Archive workspace'}
            </Button>
          </div>
        </SettingsCard>
        <LossCard
          title="Delete this workspace"
          button="Delete workspace…"
          onClick={() => actions.handlers.onDelete(data)}
        >
          Its sessions are forgotten here. The directory stays as it is.
        </LossCard>
      </PageBody>
      {actions.dialogs}
    </>
  )
}

function WorkspaceForm({ workspace }: { workspace: WorkspaceView }) {
  const router = useRouter()
  const [name, setName] = useState(workspace.name)
  const [slug, setSlug] = useState(workspace.slug)
  const answer = useSlugAnswer()
  const rename = useCall('workspace.rename', {
    invalidates: ['workspace.list', 'workspace.get'],
    onSuccess: (next) => {
      toast.success('Saved.')
      if (next.slug !== workspace.slug) {
        void router.navigate({ to: '/$slug/settings', params: { slug: next.slug }, replace: true })
      }
    },
  })
  const verdict = slugVerdict(slug, answer.answer, workspace.slug)
  const changes = {
    ...(name.trim() !== workspace.name ? { name: name.trim() } : {}),
    ...(slug !== workspace.slug ? { slug } : {}),
  }
  const ready =
    Object.keys(changes).length > 0 && name.trim() !== '' && verdict.kind !== 'bad' && verdict.kind !== 'empty'
  const refusedSlug = rename.error?.code.startsWith('SLUG_') ? rename.error.message : null
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !rename.isPending) rename.mutate({ workspace_slug: workspace.slug, ...changes })
      }}
    >
      <Field label="Name" error={name.trim() === '' ? 'Enter a name.' : null}>
        {(control) => (
          <Input {...control} value={name} maxLength={80} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <SlugField
        value={slug}
        own={workspace.slug}
        answer={answer.answer}
        prefix={urlPrefix()}
        error={refusedSlug}
        onValueChange={(value) => {
          rename.reset()
          setSlug(value)
          answer.ask(value)
        }}
      />
      <FormError error={refusedSlug ? null : rename.error} />
      <div className="flex justify-end">
        <Button type="submit" variant="primary" busy={rename.isPending} disabled={!ready}>
          Save
        </Button>
      </div>
    </form>
  )
}
