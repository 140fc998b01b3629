import type { MachineView, WorkspaceView } from '@pilot/protocol/api/views'
import { sinceWhen } from '../primitives/relative-time.tsx'
import type { StateKind } from '../primitives/state.tsx'

export interface ShownState {
  kind: StateKind
  word: string
}

/** One word for a machine, from the freshest facts: "Online", "Offline since 9:12", "Waiting for the machine". */
export function machineState(machine: MachineView, now: Date): ShownState {
  if (machine.state === 'archived') return { kind: 'offline', word: 'Archived' }
  if (!machine.runtime) {
    if (machine.phase === 'failed') return { kind: 'failed', word: 'Could not be started' }
    if (machine.phase === 'provisioning') return { kind: 'working', word: 'Starting' }
    return { kind: 'unknown', word: 'Not connected yet' }
  }
  return runtimeState(machine.runtime, now)
}

/** Online, or offline with the time since when. */
export function runtimeState(runtime: { online: boolean; last_seen_at: string | null }, now: Date): ShownState {
  if (runtime.online) return { kind: 'good', word: 'Online' }
  if (!runtime.last_seen_at) return { kind: 'offline', word: 'Offline' }
  return { kind: 'offline', word: `Offline since ${sinceWhen(new Date(runtime.last_seen_at), now)}` }
}

/** What a workspace needs most, in one word. Null when nothing is worth a word: ready, and no session is at work. */
export function workspaceState(workspace: WorkspaceView): ShownState | null {
  switch (workspace.status) {
    case 'creating':
      return { kind: 'working', word: 'Being prepared' }
    case 'reassigning':
      return { kind: 'working', word: 'Moving' }
    case 'deleting':
    case 'deleted':
      return { kind: 'working', word: 'Being deleted' }
    case 'error':
      return { kind: 'failed', word: 'Could not be prepared' }
    case 'archived':
      return { kind: 'offline', word: 'Archived' }
    case 'ready':
      break
  }
  if (workspace.sessions.waiting > 0) return { kind: 'waiting', word: `${workspace.sessions.waiting} waiting for you` }
  if (workspace.machine && !workspace.machine.online) return { kind: 'offline', word: 'Machine offline' }
  if (workspace.sessions.working > 0) return { kind: 'working', word: `${workspace.sessions.working} working` }
  return null
}

/** The words of the states in the machine table (started, archived). */
export function machineStateWord(machine: MachineView): string {
  return machine.state === 'archived' ? 'archived' : 'started'
}
