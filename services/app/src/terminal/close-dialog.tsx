import { ConfirmDialog } from '@pilot/chamber-ui/primitives/confirm-dialog.tsx'
import type { TerminalActions } from './use-terminal-actions.ts'

/** Asks before a program is ended with its terminal. */
export function CloseDialog({ actions }: { actions: TerminalActions }) {
  const { closing, busy, error } = actions
  const program = closing?.program
  return (
    <ConfirmDialog
      open={closing !== null}
      onOpenChange={(open) => {
        if (!open) actions.cancelClose()
      }}
      title={`Close ${closing?.row.title ?? ''}?`}
      confirm={program ? `End ${program}` : 'End it'}
      busy={busy}
      error={error?.message}
      onConfirm={actions.confirmClose}
    >
      {closing?.force && !program
        ? 'A program in it did not end when it was asked to. It can be stopped by force; what it has not saved is lost.'
        : `${program ?? 'A program'} is still running in it and will be ended. What it has not saved is lost.`}
    </ConfirmDialog>
  )
}
