import { ConfirmDialog } from '../primitives/confirm-dialog.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'

interface DeleteSessionDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  branch: string | null
  busy: boolean
  /** What the machine answered to the last try; WORKTREE_DIRTY asks once more, with what would be lost. */
  error: ErrorFacts | null
  onDelete: (force: boolean) => void
}

/** Asks before a session is deleted, and again when that would lose changes. */
export function DeleteSessionDialog(props: DeleteSessionDialogProps) {
  const { open, onOpenChange, title, branch, busy, error, onDelete } = props
  const dirty = error?.code === 'WORKTREE_DIRTY'
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title={dirty ? 'Delete changes that are not committed?' : `Delete “${title || 'New session'}”?`}
      confirm={dirty ? 'Delete with its changes' : 'Delete session'}
      busy={busy}
      error={dirty ? null : error?.message}
      onConfirm={() => onDelete(dirty)}
    >
      {dirty ? (
        <p>
          {branch ? (
            <>
              The worktree of <code>{branch}</code>
            </>
          ) : (
            'The worktree'
          )}{' '}
          has changes that are in no commit. They are lost when it is deleted.
        </p>
      ) : (
        <p>
          The conversation and the worktree are removed.{' '}
          {branch ? (
            <>
              Commits on <code>{branch}</code> stay in the repository.
            </>
          ) : (
            'The files of the workspace stay as they are.'
          )}
        </p>
      )}
    </ConfirmDialog>
  )
}
