import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog, DialogActions } from './dialog.tsx'
import { Field, Input } from './field.tsx'

interface ConfirmDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** What will be lost and what stays. */
  children: ReactNode
  /** The verb on the button: "Delete machine". */
  confirm: string
  /** When given, this exact name has to be typed first. */
  typedName?: string
  busy?: boolean
  error?: string | null | undefined
  onConfirm: () => void
}

/** Asks before a loss. The safe answer has the focus. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={props.title}>
      {/* Mounted anew for each opening, so that a name typed before is gone. */}
      <ConfirmForm {...props} />
    </Dialog>
  )
}

function ConfirmForm({ children, confirm, typedName, busy, error, onConfirm, onOpenChange }: ConfirmDialogProps) {
  const [typed, setTyped] = useState('')
  const ready = typedName === undefined || typed.trim() === typedName
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (ready && !busy) onConfirm()
      }}
    >
      <div className="text-sm text-text-2">{children}</div>
      {typedName === undefined ? null : (
        <Field
          label={
            <>
              Type <strong className="select-all font-semibold">{typedName}</strong> to confirm
            </>
          }
        >
          {(control) => (
            <Input
              {...control}
              value={typed}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
      )}
      {error ? (
        <p role="alert" className="text-bad text-sm">
          {error}
        </p>
      ) : null}
      <DialogActions>
        <Button data-first onClick={() => onOpenChange(false)}>
          Cancel
        </Button>
        <Button type="submit" variant="destroy" disabled={!ready} busy={busy ?? false}>
          {confirm}
        </Button>
      </DialogActions>
    </form>
  )
}
