import { NameForm } from '@pilot/chamber-ui/management/name-form.tsx'
import type { InstanceView } from '@pilot/protocol/api/views'
import { useCall } from '../lib/use-call.ts'
import { EnrollMachine } from './enroll-machine.tsx'

/** Names a machine, then shows how to connect it. */
export function CreateMachine({ instance, onDone }: { instance: InstanceView; onDone: () => void }) {
  const create = useCall('machine.create', { invalidates: ['machine.list'] })
  if (!create.data) {
    return (
      <NameForm
        label="Name"
        placeholder="build-server"
        hint="As people call it. It can be changed later."
        submit="Create machine"
        busy={create.isPending}
        error={create.error}
        onSubmit={(name) => create.mutate({ instance_id: instance.id, name, type: 'manual' })}
        onCancel={onDone}
      />
    )
  }
  if (instance.role === 'member') {
    return (
      <p className="text-sm text-text-2">
        {create.data.name} is created. An admin of the organization can connect it now.
      </p>
    )
  }
  return <EnrollMachine machine={create.data} onDone={onDone} />
}
