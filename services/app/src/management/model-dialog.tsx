import { ModelForm } from '@pilot/chamber-ui/management/model-form.tsx'
import { Dialog } from '@pilot/chamber-ui/primitives/dialog.tsx'
import { Skeleton } from '@pilot/chamber-ui/primitives/skeleton.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { InstanceView } from '@pilot/protocol/api/views'
import { useQuery } from '@tanstack/react-query'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'
import { LoadError } from '../screens/load-error.tsx'

interface ModelDialogProps {
  instanceId: InstanceView['id']
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Chooses the model of an instance; to be mounted wherever a screen offers "Connect a model…". */
export function ModelDialog({ instanceId, open, onOpenChange }: ModelDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Connect a model"
      description="For all workspaces of this instance."
    >
      <Settings instanceId={instanceId} close={() => onOpenChange(false)} />
    </Dialog>
  )
}

function Settings({ instanceId, close }: { instanceId: InstanceView['id']; close: () => void }) {
  const settings = useQuery(gateway.query('model.get', { instance_id: instanceId }))
  const save = useCall('model.set', {
    invalidates: ['model.get'],
    onSuccess: () => {
      toast.success('The model is set.')
      close()
    },
  })
  if (settings.error && !settings.data) {
    return (
      <LoadError
        error={settings.error}
        title="The model settings could not be loaded."
        retry={settings.refetch}
        busy={settings.isFetching}
      />
    )
  }
  if (!settings.data) return <Skeleton className="h-72 w-full" />
  return (
    <ModelForm
      settings={settings.data}
      busy={save.isPending}
      error={save.error}
      onCancel={close}
      onSubmit={(choice) => save.mutate({ instance_id: instanceId, ...choice })}
    />
  )
}
