import { sinceWhen, useNow } from '@pilot/chamber-ui/primitives/relative-time.tsx'
import { State, StateShape } from '@pilot/chamber-ui/primitives/state.tsx'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import type { WorkspaceInfo } from '@pilot/protocol/agent/rest'
import type { WorkspaceView } from '@pilot/protocol/api/views'

/** True once a request is known to have no chance. */
export function isAway(connection: ConnectionState): boolean {
  return (
    connection.status === 'machine_offline' || connection.status === 'reconnecting' || connection.status === 'refused'
  )
}

/** Why nothing can be reached right now, with its age; null while it can. */
export function useAwayText(connection: ConnectionState, machine: string): string | null {
  const now = useNow()
  const since = sinceWhen(new Date(connection.status === 'live' ? 0 : connection.since), now)
  switch (connection.status) {
    case 'live':
    case 'connecting':
      return null
    case 'machine_offline':
      return `${machine} has been offline since ${since}.`
    case 'reconnecting':
      return `Not connected since ${since}.`
    case 'refused':
      return `The connection was closed at ${since} and stays closed: reload the page.`
  }
}

interface MachineStateProps {
  workspace: WorkspaceView | undefined
  connection: ConnectionState
}

/** The machine's name with what is known about it. */
export function MachineState({ workspace, connection }: MachineStateProps) {
  if (!workspace) return null
  if (!workspace.machine) return <State kind="unknown">No machine</State>
  if (connection.status === 'live') return <State kind="good">{workspace.machine.name}</State>
  if (connection.status === 'connecting') return <State kind="working">{workspace.machine.name}</State>
  return <State kind="offline">{workspace.machine.name}</State>
}

/** The line under the workspace's name: machine, branch, worktrees. */
export function WorkspaceFacts({
  workspace,
  connection,
  info,
}: MachineStateProps & { info: WorkspaceInfo | undefined }) {
  const away = useAwayText(connection, workspace?.machine?.name ?? 'The machine')
  if (!workspace) return null
  if (away)
    return (
      <State kind="offline" className="min-w-0 [&>span:last-child]:truncate">
        {away}
      </State>
    )
  const words = [workspace.machine?.name ?? 'No machine']
  if (info?.branch) words.push(info.branch)
  if (info && info.worktrees > 0) words.push(info.worktrees === 1 ? '1 worktree' : `${info.worktrees} worktrees`)
  return (
    <>
      <StateShape kind={connection.status === 'live' ? 'good' : 'working'} />
      <span className="truncate">{words.join(' · ')}</span>
    </>
  )
}
