import { Button } from '../primitives/button.tsx'
import { CopyButton } from '../primitives/copy-button.tsx'
import { DialogActions } from '../primitives/dialog.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { sinceWhen, useNow } from '../primitives/relative-time.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'
import { State } from '../primitives/state.tsx'
import { FormError } from './form-error.tsx'

interface ConnectMachineProps {
  machineName: string
  /** The command to paste and the token that it asks for, shown once; null while they are made. */
  enrollment: { command: string; token: string; expires_at: string } | null
  online: boolean
  error: ErrorFacts | null
  onRenew: () => void
  onDone: () => void
}

/** How to connect a machine, and whether it has arrived. */
export function ConnectMachine({ machineName, enrollment, online, error, onRenew, onDone }: ConnectMachineProps) {
  const now = useNow()
  const expires = enrollment ? new Date(enrollment.expires_at) : null
  const expired = !online && expires !== null && expires <= now
  return (
    <div className="grid gap-4">
      <p className="text-sm text-text-2">
        Run this on {machineName}. It needs git and dials out to here; no port has to be opened.
      </p>
      {enrollment ? (
        <>
          <Paste label="Copy the command" text={enrollment.command} />
          {enrollment.command.includes(enrollment.token) ? null : (
            <div className="grid gap-1.5">
              <p className="text-sm text-text-2">When it asks for a token, paste this one. It is shown only here.</p>
              <Paste label="Copy the token" text={enrollment.token} />
            </div>
          )}
        </>
      ) : error ? null : (
        <Skeleton className="h-16 w-full" />
      )}
      <FormError error={error} />
      <div role="status" className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
        {online ? (
          <State kind="good">{machineName} is online</State>
        ) : expired ? (
          <State kind="failed">The command has expired</State>
        ) : (
          <State kind="working">Waiting for the machine…</State>
        )}
        {expires && !online && !expired ? (
          <span className="text-text-3 text-xs">valid once, until {sinceWhen(expires, now)}</span>
        ) : null}
      </div>
      <DialogActions>
        {expired || error ? <Button onClick={onRenew}>Make a new command</Button> : null}
        <Button variant={online ? 'primary' : 'outline'} onClick={onDone}>
          {online ? 'Done' : 'Close'}
        </Button>
      </DialogActions>
    </div>
  )
}

function Paste({ label, text }: { label: string; text: string }) {
  return (
    <div className="flex items-center gap-2 rounded-sm border border-line bg-sunken py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 select-all whitespace-pre-wrap break-all text-sm">{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  )
}
