import { ConfirmDialog } from '@pilot/chamber-ui/primitives/confirm-dialog.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { PilotClientError } from '@pilot/frontend/errors'
import type { QueryPath } from '@pilot/frontend/gateway/procedures'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import { type ReactNode, useState } from 'react'
import { useCall } from '../lib/use-call.ts'

const OLD: readonly QueryPath[] = ['workspace.list', 'workspace.get', 'machine.list']

interface WorkspaceHandlers {
  onRetry: (workspace: WorkspaceView) => void
  onArchive: (workspace: WorkspaceView) => void
  onRestore: (workspace: WorkspaceView) => void
  onDelete: (workspace: WorkspaceView) => void
}

/** What can be done with a workspace as a whole, with the dialog that asks before it is deleted. */
export function useWorkspaceActions(onDeleted?: () => void): { handlers: WorkspaceHandlers; dialogs: ReactNode } {
  const [deleting, setDeleting] = useState<WorkspaceView | null>(null)
  const failed = (error: PilotClientError) => toast.error('That did not work.', { description: error.message })
  const retry = useCall('workspace.retry', { invalidates: OLD, onError: failed })
  const restore = useCall('workspace.restore', { invalidates: OLD, onError: failed })
  const archive = useCall('workspace.archive', {
    invalidates: OLD,
    onError: failed,
    onSuccess: (workspace) =>
      toast(`${workspace.name} is archived.`, {
        action: { label: 'Undo', onClick: () => restore.mutate({ workspace_slug: workspace.slug }) },
      }),
  })
  const remove = useCall('workspace.delete', {
    invalidates: ['workspace.list', 'machine.list'],
    onSuccess: () => {
      setDeleting(null)
      onDeleted?.()
    },
  })
  return {
    handlers: {
      onRetry: (workspace) => retry.mutate({ workspace_slug: workspace.slug }),
      onArchive: (workspace) => archive.mutate({ workspace_slug: workspace.slug }),
      onRestore: (workspace) => restore.mutate({ workspace_slug: workspace.slug }),
      onDelete: (workspace) => {
        remove.reset()
        setDeleting(workspace)
      },
    },
    dialogs: (
      <ConfirmDialog
        open={deleting !== null}
        onOpenChange={(open) => (open ? undefined : setDeleting(null))}
        title={`Delete ${deleting?.name ?? ''}?`}
        confirm="Delete workspace"
        typedName={deleting?.name ?? ''}
        busy={remove.isPending}
        error={remove.error?.message}
        onConfirm={() => deleting && remove.mutate({ workspace_slug: deleting.slug })}
      >
        Its sessions and their transcripts are forgotten here.{' '}
        {deleting?.root_path ? (
          <>
            The directory <code className="break-all">{deleting.root_path}</code> and everything in it stay as they are.
          </>
        ) : (
          'Nothing on the machine is touched.'
        )}
      </ConfirmDialog>
    ),
  }
}
