import type { MachineView } from '@pilot/protocol/api/views'
import { Archive, ArchiveRestore, Ellipsis, Terminal, Trash2 } from 'lucide-react'
import { Chip } from '../primitives/badge.tsx'
import { Button, IconButton } from '../primitives/button.tsx'
import { DropdownMenu, DropdownMenuItem, DropdownMenuSeparator } from '../primitives/dropdown-menu.tsx'
import { RelativeTime, useNow } from '../primitives/relative-time.tsx'
import { State } from '../primitives/state.tsx'
import { type Column, Table } from '../primitives/table.tsx'
import { LoadBar } from './load-bar.tsx'
import { machineState } from './states.ts'

export interface MachineActions {
  onConnect: (machine: MachineView) => void
  onArchive: (machine: MachineView) => void
  onRestore: (machine: MachineView) => void
  onDelete: (machine: MachineView) => void
}

interface MachineTableProps extends MachineActions {
  machines: readonly MachineView[]
  /** Adds load, memory, disk, workspaces and version. */
  wide?: boolean
  /** Archive and restore are for members; connecting and deleting for admins and owners. */
  mayAdmin: boolean
}

/** The machines of an instance. */
export function MachineTable({ machines, wide, ...actions }: MachineTableProps) {
  const now = useNow()
  const columns: Column<MachineView>[] = [
    { id: 'name', header: 'Name', phone: 'title', cell: (machine) => <Name machine={machine} /> },
    { id: 'type', header: 'Type', cell: (machine) => <span className="text-text-2">{machine.type}</span> },
    {
      id: 'state',
      header: 'State',
      cell: (machine) => {
        const state = machineState(machine, now)
        return (
          <span className="inline-flex items-center gap-2 whitespace-nowrap">
            <State kind={state.kind}>{state.word}</State>
            {machine.state === 'archived' ? null : <Chip>started</Chip>}
          </span>
        )
      },
    },
    ...(wide ? wideColumns : []),
    {
      id: 'created',
      header: 'Created',
      cell: (machine) => <RelativeTime iso={machine.created_at} className="whitespace-nowrap text-text-2" />,
    },
    {
      id: 'actions',
      header: '',
      label: 'Actions',
      phone: 'end',
      className: 'text-right',
      cell: (machine) => <Actions machine={machine} {...actions} />,
    },
  ]
  return (
    <Table
      label="Machines"
      wide={wide}
      columns={columns}
      rows={machines}
      rowKey={(machine) => machine.id}
      muted={(machine) => machine.state === 'archived'}
    />
  )
}

const wideColumns: Column<MachineView>[] = [
  {
    id: 'cpu',
    header: 'Load',
    cell: (machine) => <LoadBar value={machine.runtime?.load?.cpu} label="Load" />,
  },
  {
    id: 'memory',
    header: 'Memory',
    cell: (machine) => <LoadBar value={machine.runtime?.load?.memory} label="Memory" />,
  },
  {
    id: 'disk',
    header: 'Disk',
    cell: (machine) => <LoadBar value={machine.runtime?.load?.disk} label="Disk" />,
  },
  { id: 'workspaces', header: 'Workspaces', cell: (machine) => machine.workspaces },
  {
    id: 'version',
    header: 'Version',
    cell: (machine) => <code className="text-sm text-text-2">{machine.runtime?.version ?? '–'}</code>,
  },
]

function Name({ machine }: { machine: MachineView }) {
  const runtime = machine.runtime
  const facts = [
    runtime?.label && runtime.label !== machine.name ? runtime.label : null,
    [runtime?.os, runtime?.arch].filter(Boolean).join(' ') || null,
    runtime?.system?.cpus ? `${runtime.system.cpus} cores` : null,
  ].filter(Boolean)
  return (
    <div className="min-w-0">
      <div className="truncate font-medium">{machine.name}</div>
      <div className="min-h-4.5 truncate text-text-3 text-xs">{facts.join(' · ')}</div>
    </div>
  )
}

function Actions({ machine, mayAdmin, ...on }: { machine: MachineView; mayAdmin: boolean } & MachineActions) {
  const archived = machine.state === 'archived'
  const connect = mayAdmin && !archived && machine.type !== 'local'
  return (
    <span className="inline-flex items-center gap-1">
      {connect && !machine.runtime ? (
        <Button size="sm" onClick={() => on.onConnect(machine)} className="max-md:hidden">
          Connect…
        </Button>
      ) : null}
      <DropdownMenu
        trigger={
          <IconButton label={`More for ${machine.name}`}>
            <Ellipsis aria-hidden="true" />
          </IconButton>
        }
      >
        {connect ? (
          <DropdownMenuItem onSelect={() => on.onConnect(machine)}>
            <Terminal aria-hidden="true" /> {machine.runtime ? 'Connect anew…' : 'Connect…'}
          </DropdownMenuItem>
        ) : null}
        {archived ? (
          <DropdownMenuItem onSelect={() => on.onRestore(machine)}>
            <ArchiveRestore aria-hidden="true" /> Restore
          </DropdownMenuItem>
        ) : (
          <DropdownMenuItem onSelect={() => on.onArchive(machine)}>
            <Archive aria-hidden="true" /> Archive
          </DropdownMenuItem>
        )}
        {mayAdmin ? (
          <>
            <DropdownMenuSeparator />
            <DropdownMenuItem danger onSelect={() => on.onDelete(machine)}>
              <Trash2 aria-hidden="true" /> Delete…
            </DropdownMenuItem>
          </>
        ) : null}
      </DropdownMenu>
    </span>
  )
}
