import type { MachineActions } from '@pilot/chamber-ui/management/machine-table.tsx'
import { ConfirmDialog } from '@pilot/chamber-ui/primitives/confirm-dialog.tsx'
import { Dialog } from '@pilot/chamber-ui/primitives/dialog.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { PilotClientError } from '@pilot/frontend/errors'
import type { QueryPath } from '@pilot/frontend/gateway/procedures'
import type { MachineView } from '@pilot/protocol/api/views'
import { type ReactNode, useState } from 'react'
import { useCall } from '../lib/use-call.ts'
import { EnrollMachine } from './enroll-machine.tsx'

const OLD: readonly QueryPath[] = ['machine.list', 'workspace.list']

/** What the rows of the machine table do, with the dialogs that ask first. */
export function useMachineActions(): { handlers: MachineActions; dialogs: ReactNode } {
  const [connecting, setConnecting] = useState<MachineView | null>(null)
  const [deleting, setDeleting] = useState<MachineView | null>(null)
  const failed = (error: PilotClientError) => toast.error('That did not work.', { description: error.message })
  const archive = useCall('machine.archive', {
    invalidates: OLD,
    onError: failed,
    onSuccess: (machine) =>
      toast(`${machine.name} is archived.`, {
        action: { label: 'Undo', onClick: () => restore.mutate({ machine_id: machine.id }) },
      }),
  })
  const restore = useCall('machine.restore', { invalidates: OLD, onError: failed })
  const remove = useCall('machine.delete', { invalidates: OLD, onSuccess: () => setDeleting(null) })
  return {
    handlers: {
      onConnect: setConnecting,
      onArchive: (machine) => archive.mutate({ machine_id: machine.id }),
      onRestore: (machine) => restore.mutate({ machine_id: machine.id }),
      onDelete: (machine) => {
        remove.reset()
        setDeleting(machine)
      },
    },
    dialogs: (
      <>
        <Dialog
          open={connecting !== null}
          onOpenChange={(open) => (open ? undefined : setConnecting(null))}
          title={`Connect ${connecting?.name ?? ''}`}
        >
          {connecting ? <EnrollMachine machine={connecting} onDone={() => setConnecting(null)} /> : null}
        </Dialog>
        <ConfirmDialog
          open={deleting !== null}
          onOpenChange={(open) => (open ? undefined : setDeleting(null))}
          title={`Delete ${deleting?.name ?? ''}?`}
          confirm="Delete machine"
          typedName={deleting?.name ?? ''}
          busy={remove.isPending}
          error={remove.error?.message}
          onConfirm={() => deleting && remove.mutate({ machine_id: deleting.id })}
        >
          The machine is disconnected and its token stops working. Nothing on its disk is touched. Workspaces that are
          on it have to be deleted first.
        </ConfirmDialog>
      </>
    ),
  }
}
