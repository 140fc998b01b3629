import type { WorkspaceView } from '@pilot/protocol/api/views'
import { Archive, ArchiveRestore, Ellipsis, RotateCw, Settings, Trash2 } from 'lucide-react'
import { IconButton } from '../primitives/button.tsx'
import { DropdownMenu, DropdownMenuItem, DropdownMenuSeparator } from '../primitives/dropdown-menu.tsx'
import { RelativeTime, useNow } from '../primitives/relative-time.tsx'
import { State } from '../primitives/state.tsx'
import { type Column, Table } from '../primitives/table.tsx'
import { AppLink } from '../shell/link.tsx'
import { runtimeState, workspaceState } from './states.ts'

interface WorkspaceTableProps {
  workspaces: readonly WorkspaceView[]
  onRetry: (workspace: WorkspaceView) => void
  onArchive: (workspace: WorkspaceView) => void
  onRestore: (workspace: WorkspaceView) => void
  onDelete: (workspace: WorkspaceView) => void
}

/** The workspaces of an instance, each a link to its sessions. */
export function WorkspaceTable({ workspaces, ...actions }: WorkspaceTableProps) {
  const now = useNow()
  const columns: Column<WorkspaceView>[] = [
    { id: 'name', header: 'Name', phone: 'title', className: 'w-[38%]', cell: (row) => <Name workspace={row} /> },
    {
      id: 'state',
      header: 'State',
      cell: (row) => {
        const state = workspaceState(row) ?? { kind: 'good' as const, word: 'Ready' }
        return <State kind={state.kind}>{state.word}</State>
      },
    },
    {
      id: 'machine',
      header: 'Machine',
      cell: (row) =>
        row.machine ? (
          <span className="text-text-2">
            {row.machine.name}
            {row.machine.online ? null : (
              <span className="block text-text-3 text-xs">{runtimeState(row.machine, now).word}</span>
            )}
          </span>
        ) : (
          <span className="text-text-3">none yet</span>
        ),
    },
    { id: 'sessions', header: 'Sessions', cell: (row) => row.sessions.total },
    {
      id: 'created',
      header: 'Created',
      cell: (row) => <RelativeTime iso={row.created_at} className="whitespace-nowrap text-text-2" />,
    },
    {
      id: 'actions',
      header: '',
      label: 'Actions',
      phone: 'end',
      className: 'text-right',
      cell: (row) => <Actions workspace={row} {...actions} />,
    },
  ]
  return (
    <Table
      label="Workspaces"
      columns={columns}
      rows={workspaces}
      rowKey={(row) => row.id}
      muted={(row) => row.status === 'archived'}
    />
  )
}

function Name({ workspace }: { workspace: WorkspaceView }) {
  return (
    <div className="min-w-0">
      <AppLink
        href={`/${workspace.slug}`}
        className="inline-flex max-w-full items-center truncate rounded-xs font-medium underline-offset-4 hover:underline touch:min-h-11 touch:min-w-11"
      >
        {workspace.name}
      </AppLink>
      <div className="truncate text-text-3 text-xs">
        {workspace.root_path ? <code>{workspace.root_path}</code> : workspace.type}
      </div>
      {workspace.error ? <div className="mt-1 text-bad text-xs">{workspace.error.message}</div> : null}
    </div>
  )
}

function Actions({ workspace, ...on }: { workspace: WorkspaceView } & Omit<WorkspaceTableProps, 'workspaces'>) {
  return (
    <DropdownMenu
      trigger={
        <IconButton label={`More for ${workspace.name}`}>
          <Ellipsis aria-hidden="true" />
        </IconButton>
      }
    >
      {workspace.status === 'error' ? (
        <DropdownMenuItem onSelect={() => on.onRetry(workspace)}>
          <RotateCw aria-hidden="true" /> Prepare again
        </DropdownMenuItem>
      ) : null}
      <DropdownMenuItem asChild>
        <AppLink href={`/${workspace.slug}/settings`}>
          <Settings aria-hidden="true" /> Settings
        </AppLink>
      </DropdownMenuItem>
      {workspace.status === 'archived' ? (
        <DropdownMenuItem onSelect={() => on.onRestore(workspace)}>
          <ArchiveRestore aria-hidden="true" /> Restore
        </DropdownMenuItem>
      ) : (
        <DropdownMenuItem onSelect={() => on.onArchive(workspace)}>
          <Archive aria-hidden="true" /> Archive
        </DropdownMenuItem>
      )}
      <DropdownMenuSeparator />
      <DropdownMenuItem danger onSelect={() => on.onDelete(workspace)}>
        <Trash2 aria-hidden="true" /> Delete…
      </DropdownMenuItem>
    </DropdownMenu>
  )
}
