import type { AgentSession } from '@pilot/protocol/agent/model'
import {
  Archive,
  ArchiveRestore,
  Ellipsis,
  FileDiff,
  GitBranch,
  Link as LinkIcon,
  PencilLine,
  SquareTerminal,
  Trash2,
} from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { LineCount } from '../chat/line-count.tsx'
import { Chip } from '../primitives/badge.tsx'
import { Button, IconButton } from '../primitives/button.tsx'
import { DropdownMenu, DropdownMenuItem, DropdownMenuSeparator } from '../primitives/dropdown-menu.tsx'
import { RenameField } from '../primitives/rename-field.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'

/** Longest title, in characters. */
const MAX_TITLE = 200

export interface SessionHeaderActions {
  onRename(title: string): void
  onArchive(archived: boolean): void
  onDelete(): void
  onCopyLink(): void
  onCopyBranch(): void
  /** Opens a terminal in the session's directory. */
  onOpenTerminal(): void
}

interface SessionHeaderProps {
  session: AgentSession | null
  /** Shown until the session is known, such as from the list's row. */
  fallbackTitle: string
  workspaceName: string
  changes: { files: number; additions: number; deletions: number }
  panelOpen: boolean
  onTogglePanel: () => void
  /** Back to the list, on a phone. */
  back: ReactNode
  actions: SessionHeaderActions
}

/** What this session is: title, branch, model, and what can be done with it. */
export function SessionHeader(props: SessionHeaderProps) {
  const { session, fallbackTitle, workspaceName, changes, panelOpen, onTogglePanel, back, actions } = props
  const [renaming, setRenaming] = useState(false)
  const title = session?.title || fallbackTitle
  const branch = session?.worktree?.branch ?? null
  return (
    <header className="flex min-h-14 shrink-0 items-center gap-1 border-line border-b bg-surface pr-1.5 max-md:pl-0.5 md:gap-2.5 md:pr-4 md:pl-5">
      <span className="lg:hidden">{back}</span>
      <div className="min-w-0 flex-1">
        {renaming ? (
          <RenameField
            label="Title of the session"
            value={title}
            maxLength={MAX_TITLE}
            className="-mx-1.5 w-full rounded-xs bg-sunken px-1.5 font-semibold leading-snug tracking-tight md:text-lg"
            onDone={(next) => {
              setRenaming(false)
              if (next) actions.onRename(next)
            }}
          />
        ) : (
          <h1 className="truncate font-semibold leading-snug tracking-tight md:text-lg">
            {title === '' ? <span className="text-text-2">New session</span> : title}
          </h1>
        )}
        <p className="flex min-w-0 items-center gap-2 text-text-3 text-xs leading-snug">
          <span className="truncate md:hidden">
            {workspaceName}
            {branch ? ` · ${branch}` : ''}
          </span>
          {branch ? (
            <code className="truncate max-md:hidden" title={`Started from ${session?.worktree?.base_ref}`}>
              {branch}
            </code>
          ) : session ? (
            <span className="truncate max-md:hidden">Works in the workspace's own directory</span>
          ) : (
            <Skeleton className="h-2.5 w-28 max-md:hidden" />
          )}
        </p>
      </div>
      {session?.model ? <Chip className="shrink-0 max-lg:hidden">{session.model.label}</Chip> : null}
      <Button
        variant="quiet"
        aria-pressed={panelOpen}
        className={panelOpen ? 'lg:bg-sunken!' : ''}
        onClick={onTogglePanel}
      >
        <span className="sr-only">
          Changes, {changes.files} {changes.files === 1 ? 'file' : 'files'}
        </span>
        {changes.additions + changes.deletions > 0 ? <LineCount {...changes} /> : <FileDiff aria-hidden="true" />}
      </Button>
      <DropdownMenu
        trigger={
          <IconButton label="More actions">
            <Ellipsis aria-hidden="true" />
          </IconButton>
        }
      >
        <DropdownMenuItem disabled={!session} onSelect={() => setRenaming(true)}>
          <PencilLine aria-hidden="true" /> Rename
        </DropdownMenuItem>
        <DropdownMenuItem disabled={!session} onSelect={actions.onOpenTerminal}>
          <SquareTerminal aria-hidden="true" /> Open in terminal
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={actions.onCopyLink}>
          <LinkIcon aria-hidden="true" /> Copy link
        </DropdownMenuItem>
        <DropdownMenuItem disabled={branch === null} onSelect={actions.onCopyBranch}>
          <GitBranch aria-hidden="true" /> Copy branch name
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        {session?.archived_at ? (
          <DropdownMenuItem onSelect={() => actions.onArchive(false)}>
            <ArchiveRestore aria-hidden="true" /> Restore
          </DropdownMenuItem>
        ) : (
          <DropdownMenuItem disabled={!session} onSelect={() => actions.onArchive(true)}>
            <Archive aria-hidden="true" /> Archive
          </DropdownMenuItem>
        )}
        <DropdownMenuItem danger disabled={!session} onSelect={actions.onDelete}>
          <Trash2 aria-hidden="true" /> Delete…
        </DropdownMenuItem>
      </DropdownMenu>
    </header>
  )
}
