import type { CreateTerminal, ProgramView } from '@pilot/protocol/terminal/rest'
import { useState } from 'react'
import { FormError } from '../management/form-error.tsx'
import { Button } from '../primitives/button.tsx'
import { Dialog, DialogActions } from '../primitives/dialog.tsx'
import { Field, Input } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { Select } from '../primitives/select.tsx'

export type NewTerminalChoice = Pick<CreateTerminal, 'launch' | 'title' | 'cwd' | 'source'>

interface NewTerminalDialogProps {
  open: boolean
  programs: readonly ProgramView[] | null
  busy: boolean
  error: ErrorFacts | null
  onOpenChange: (open: boolean) => void
  onCreate: (choice: NewTerminalChoice) => void
}

/** Everything that can be said about a new terminal. */
export function NewTerminalDialog(props: NewTerminalDialogProps) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="New terminal"
      description="It goes on when this page is closed, until you end it."
    >
      <NewTerminalForm {...props} />
    </Dialog>
  )
}

function NewTerminalForm({ programs, busy, error, onCreate, onOpenChange }: NewTerminalDialogProps) {
  const [program, setProgram] = useState('login')
  const [title, setTitle] = useState('')
  const [cwd, setCwd] = useState('')
  const [source, setSource] = useState<CreateTerminal['source']>('host')
  const choices = (programs ?? []).filter(({ installed, launch }) => installed && launch.kind !== 'tmux')
  const launch = choices.find((_, index) => String(index) === program)?.launch ?? { kind: 'shell' as const }
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        onCreate({ launch, title: title.trim(), cwd: cwd.trim(), source })
      }}
    >
      <Field label="Runs">
        {(control) => (
          <Select
            {...control}
            value={program}
            onValueChange={setProgram}
            options={[
              { value: 'login', label: 'Your login shell' },
              ...choices.map(({ label }, index) => ({ value: String(index), label })),
            ]}
          />
        )}
      </Field>
      <Field label="Name" hint="Empty: what its program says.">
        {(control) => (
          <Input {...control} value={title} maxLength={80} onChange={(event) => setTitle(event.target.value)} />
        )}
      </Field>
      <Field label="Directory" hint="Below the workspace. Empty: the workspace itself.">
        {(control) => (
          <Input
            {...control}
            value={cwd}
            placeholder="packages/app"
            spellCheck={false}
            autoCapitalize="none"
            className="font-mono"
            onChange={(event) => setCwd(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Kept by"
        hint={
          source === 'host'
            ? 'Needs nothing on the machine and brings everything back.'
            : 'For people who live in tmux: attach to it from anywhere. After a reconnect, the scrollback is what tmux kept and the title may be missing.'
        }
      >
        {(control) => (
          <Select
            {...control}
            value={source}
            onValueChange={(value) => setSource(value === 'tmux' ? 'tmux' : 'host')}
            options={[
              { value: 'host', label: 'Pilot (recommended)' },
              { value: 'tmux', label: 'A tmux session' },
            ]}
          />
        )}
      </Field>
      <FormError error={error} />
      <DialogActions>
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Open terminal
        </Button>
      </DialogActions>
    </form>
  )
}
