import { ConnectMachine } from '@pilot/chamber-ui/management/connect-machine.tsx'
import type { MachineView } from '@pilot/protocol/api/views'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'

/** How often the machine is looked for while one waits, in ms, beside what the live link says. */
const LOOK_EVERY_MS = 3_000

/** Makes the command that connects a machine and waits for it. */
export function EnrollMachine({ machine, onDone }: { machine: MachineView; onDone: () => void }) {
  const enroll = useCall('machine.enroll')
  const { mutate } = enroll
  useEffect(() => mutate({ machine_id: machine.id }), [mutate, machine.id])
  const machines = useQuery({
    ...gateway.query('machine.list', { instance_id: machine.instance_id }),
    refetchInterval: LOOK_EVERY_MS,
  })
  const present = machines.data?.items.find((candidate) => candidate.id === machine.id)
  // The machine that was connected before stays known until the new one has said hello.
  const former = machine.runtime?.id
  const online = Boolean(present?.runtime?.online && present.runtime.id !== former)
  return (
    <ConnectMachine
      machineName={machine.name}
      enrollment={enroll.data ?? null}
      online={online}
      error={enroll.error}
      onRenew={() => enroll.mutate({ machine_id: machine.id })}
      onDone={onDone}
    />
  )
}
