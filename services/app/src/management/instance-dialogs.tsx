import { Dialog } from '@pilot/chamber-ui/primitives/dialog.tsx'
import type { InstanceView, MachineView } from '@pilot/protocol/api/views'
import { useRouter } from '@tanstack/react-router'
import { AddDirectory } from './add-directory.tsx'
import { CreateMachine } from './create-machine.tsx'
import type { InstanceDialog } from './dialog-search.ts'
import { ModelDialog } from './model-dialog.tsx'

interface InstanceDialogsProps {
  dialog: InstanceDialog | undefined
  instance: InstanceView
  machines: readonly MachineView[]
  onClose: () => void
}

/** The dialogs of an instance's pages; at most one is open. */
export function InstanceDialogs({ dialog, instance, machines, onClose }: InstanceDialogsProps) {
  const router = useRouter()
  const close = (open: boolean) => {
    if (!open) onClose()
  }
  const ready = machines.some((machine) => machine.state === 'started' && machine.runtime)
  return (
    <>
      <Dialog
        open={dialog === 'directory' && ready}
        onOpenChange={close}
        title="Add a directory"
        description="It becomes a workspace: agents work in it, on branches of their own."
      >
        <AddDirectory
          instanceId={instance.id}
          machines={machines}
          onCancel={onClose}
          onAdded={(workspace) => void router.navigate({ to: '/$slug', params: { slug: workspace.slug } })}
        />
      </Dialog>
      <Dialog open={dialog === 'machine'} onOpenChange={close} title="Add a machine">
        <CreateMachine instance={instance} onDone={onClose} />
      </Dialog>
      <ModelDialog instanceId={instance.id} open={dialog === 'model'} onOpenChange={close} />
    </>
  )
}
