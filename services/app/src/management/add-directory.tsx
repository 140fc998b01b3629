import { AddDirectoryForm } from '@pilot/chamber-ui/management/add-directory-form.tsx'
import type { InstanceView, MachineView, WorkspaceView } from '@pilot/protocol/api/views'
import { base } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'
import { useSlugAnswer } from './use-slug-answer.ts'

interface AddDirectoryProps {
  instanceId: InstanceView['id']
  machines: readonly MachineView[]
  onAdded: (workspace: WorkspaceView) => void
  onCancel: () => void
}

/** Where addresses of workspaces begin, as people read it. */
export const urlPrefix = () => `${window.location.host}${base}`

/** The form that makes a directory a workspace, with the server behind it. */
export function AddDirectory({ instanceId, machines, onAdded, onCancel }: AddDirectoryProps) {
  const slug = useSlugAnswer()
  const create = useCall('workspace.create', {
    invalidates: ['workspace.list', 'machine.list'],
    onSuccess: onAdded,
  })
  return (
    <AddDirectoryForm
      machines={machines}
      slugAnswer={slug.answer}
      onSlug={(value) => {
        create.reset()
        slug.ask(value)
      }}
      urlPrefix={urlPrefix()}
      busy={create.isPending}
      error={create.error}
      onCancel={onCancel}
      onSubmit={({ runtime_id, ...workspace }) => {
        const machine = machines.find((candidate) => candidate.runtime?.id === runtime_id)
        create.mutate({
          instance_id: instanceId,
          type: 'local',
          ...workspace,
          ...(machine?.runtime ? { runtime_id: machine.runtime.id } : {}),
        })
      }}
    />
  )
}
