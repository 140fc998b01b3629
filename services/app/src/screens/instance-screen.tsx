import { MachineTable } from '@pilot/chamber-ui/management/machine-table.tsx'
import { ModelNote } from '@pilot/chamber-ui/management/model-note.tsx'
import { WorkspaceTable } from '@pilot/chamber-ui/management/workspace-table.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { EmptyState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { SkeletonRows } from '@pilot/chamber-ui/primitives/skeleton.tsx'
import { PageBody, PageHeader, Section } from '@pilot/chamber-ui/shell/page-header.tsx'
import type { InstanceView, MachineView, WorkspaceView } from '@pilot/protocol/api/views'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { FolderPlus, Plus, Server } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import type { InstanceDialog } from '../management/dialog-search.ts'
import { InstanceDialogs } from '../management/instance-dialogs.tsx'
import { useMachineActions } from '../management/use-machine-actions.tsx'
import { useWorkspaceActions } from '../management/use-workspace-actions.tsx'
import { isNotFound, LoadError } from './load-error.tsx'
import { NotFoundScreen } from './not-found-screen.tsx'
import { PageSkeleton } from './page-skeleton.tsx'

interface InstanceScreenProps {
  organizationSlug: string
  instanceSlug: string
  /** `overview` has the workspaces and the machines; `machines` has the machines alone with all their numbers. */
  page: 'overview' | 'machines'
  dialog: InstanceDialog | undefined
}

/** The pages of an instance. */
export function InstanceScreen({ organizationSlug, instanceSlug, page, dialog }: InstanceScreenProps) {
  const instance = useQuery(
    gateway.query('instance.get', { organization_slug: organizationSlug, instance_slug: instanceSlug }),
  )
  useDocumentTitle(page === 'machines' ? 'Machines' : null, instance.data?.name)
  if (isNotFound(instance.error)) return <NotFoundScreen />
  if (instance.error && !instance.data) {
    return (
      <div className="p-6">
        <LoadError
          error={instance.error}
          title="The instance could not be loaded."
          retry={instance.refetch}
          busy={instance.isFetching}
        />
      </div>
    )
  }
  if (!instance.data) return <PageSkeleton />
  return <Loaded key={instance.data.id} instance={instance.data} page={page} dialog={dialog} />
}

interface LoadedProps {
  instance: InstanceView
  page: 'overview' | 'machines'
  dialog: InstanceDialog | undefined
}

function Loaded({ instance, page, dialog }: LoadedProps) {
  const router = useRouter()
  const [showArchived, setShowArchived] = useState(false)
  const input = { instance_id: instance.id, ...(showArchived ? { archived: true } : {}) }
  const machines = useQuery(gateway.query('machine.list', input))
  const workspaces = useQuery({ ...gateway.query('workspace.list', input), enabled: page === 'overview' })
  const model = useQuery({ ...gateway.query('model.get', { instance_id: instance.id }), enabled: page === 'overview' })
  const mayAdmin = instance.role !== 'member'
  const show = (next: InstanceDialog | undefined) => {
    const params = { slug: instance.organization_slug, instanceSlug: instance.slug }
    const search = next ? { dialog: next } : {}
    void (page === 'machines'
      ? router.navigate({ to: '/$slug/$instanceSlug/machines', params, search })
      : router.navigate({ to: '/$slug/$instanceSlug', params, search }))
  }
  const connected = (machines.data?.items ?? []).some((machine) => machine.state === 'started' && machine.runtime)
  const archived = <ArchivedToggle shown={showArchived} onChange={setShowArchived} />
  const addMachine = (filled: boolean) => (
    <Button variant={filled ? 'primary' : 'outline'} onClick={() => show('machine')}>
      <Plus aria-hidden="true" /> {filled ? 'Create Machine' : 'Add machine'}
    </Button>
  )
  const machineList = (
    <MachineList
      machines={machines.data?.items}
      wide={page === 'machines'}
      mayAdmin={mayAdmin}
      error={
        machines.error ? (
          <LoadError
            error={machines.error}
            title="The machines could not be loaded."
            retry={machines.refetch}
            busy={machines.isFetching}
          />
        ) : null
      }
      create={addMachine(true)}
    />
  )
  return (
    <>
      <PageHeader
        title={page === 'machines' ? 'Machines' : instance.name}
        actions={
          page === 'machines' ? (
            <Button variant="primary" onClick={() => show('machine')}>
              <Plus aria-hidden="true" /> Add machine
            </Button>
          ) : connected ? (
            <Button variant="primary" onClick={() => show('directory')}>
              <FolderPlus aria-hidden="true" /> Add a directory
            </Button>
          ) : null
        }
      />
      <PageBody>
        {page === 'overview' ? (
          <>
            {model.data ? (
              <ModelNote settings={model.data} mayChange={mayAdmin} onConnect={() => show('model')} />
            ) : model.isPending ? (
              <div className="h-15 rounded-md border border-line" />
            ) : null}
            <Section title="Workspaces" hint="directories that agents work in" action={archived}>
              <WorkspaceList
                workspaces={workspaces.data?.items}
                connected={connected || !machines.data}
                error={
                  workspaces.error ? (
                    <LoadError
                      error={workspaces.error}
                      title="The workspaces could not be loaded."
                      retry={workspaces.refetch}
                      busy={workspaces.isFetching}
                    />
                  ) : null
                }
              />
            </Section>
            <Section title="Machines" hint="where they run" action={addMachine(false)}>
              {machineList}
            </Section>
          </>
        ) : (
          <Section title="All machines" hint={`of ${instance.name}`} action={archived}>
            {machineList}
          </Section>
        )}
      </PageBody>
      <InstanceDialogs
        dialog={dialog}
        instance={instance}
        machines={machines.data?.items ?? []}
        onClose={() => show(undefined)}
      />
    </>
  )
}

function ArchivedToggle({ shown, onChange }: { shown: boolean; onChange: (shown: boolean) => void }) {
  return (
    <Button variant="quiet" size="sm" aria-pressed={shown} onClick={() => onChange(!shown)}>
      {shown ? 'Hide archived' : 'Show archived'}
    </Button>
  )
}

interface MachineListProps {
  machines: readonly MachineView[] | undefined
  wide: boolean
  mayAdmin: boolean
  error: ReactNode
  create: ReactNode
}

function MachineList({ machines, wide, mayAdmin, error, create }: MachineListProps) {
  const actions = useMachineActions()
  if (!machines) return error ?? <SkeletonRows rows={2} label="Loading the machines" />
  if (machines.length === 0) {
    return (
      <EmptyState icon={<Server />} title="No machine yet" action={create}>
        Agents work on your own machines: a laptop, a server, a box under the desk. A machine dials out to here and
        needs no open port.
      </EmptyState>
    )
  }
  return (
    <>
      {error}
      <MachineTable machines={machines} wide={wide} mayAdmin={mayAdmin} {...actions.handlers} />
      {actions.dialogs}
    </>
  )
}

interface WorkspaceListProps {
  workspaces: readonly WorkspaceView[] | undefined
  /** A machine is there that could hold one. */
  connected: boolean
  error: ReactNode
}

function WorkspaceList({ workspaces, connected, error }: WorkspaceListProps) {
  const actions = useWorkspaceActions()
  if (!workspaces) return error ?? <SkeletonRows rows={3} label="Loading the workspaces" />
  if (workspaces.length === 0) {
    return (
      <EmptyState icon={<FolderPlus />} title="No workspace yet" className="py-8">
        {connected
          ? 'Add a directory of one of your machines. It stays where it is; agents work beside it, on branches of their own.'
          : 'A workspace is a directory on one of your machines. Connect a machine first.'}
      </EmptyState>
    )
  }
  return (
    <>
      {error}
      <WorkspaceTable workspaces={workspaces} {...actions.handlers} />
      {actions.dialogs}
    </>
  )
}
