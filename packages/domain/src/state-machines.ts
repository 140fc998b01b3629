import type { AgentSessionStatus } from './entities/agent-session.ts'
import type { MachinePhase, MachineState } from './entities/machine.ts'
import type { RepoCloneState } from './entities/repo-clone.ts'
import type { RuntimeStatus } from './entities/runtime.ts'
import type { TerminalState } from './entities/terminal.ts'
import type { WorkspaceStatus } from './entities/workspace.ts'
import type { WorktreeState } from './entities/worktree.ts'
import { PilotError } from './errors.ts'

/** Every state with the states that may follow it; `gone` means that the row is deleted. */
type Machine<S extends string> = Record<S, readonly S[]>
type CommandState = 'accepted' | 'dispatching' | 'running' | 'done' | 'failed' | 'interrupted' | 'unknown'
type OnceState = 'pending' | 'used' | 'expired'

const machineState: Machine<MachineState | 'gone'> = {
  started: ['archived', 'gone'],
  archived: ['started', 'gone'],
  gone: [],
}

const machinePhase: Machine<MachinePhase | 'gone'> = {
  // Machines that people run themselves wait here for their first hello.
  none: ['active', 'provisioning', 'deleting', 'gone'],
  provisioning: ['active', 'provisioning_timeout', 'failed', 'deleting'],
  provisioning_timeout: ['active', 'deleting'],
  active: ['off', 'deleting'],
  off: ['active', 'deleting'],
  failed: ['deleting'],
  // The row goes only after the provider has confirmed.
  deleting: ['gone'],
  gone: [],
}

const runtimeStatus: Machine<RuntimeStatus> = {
  enrolled: ['online', 'revoked'],
  online: ['offline', 'revoked'],
  offline: ['online', 'revoked'],
  revoked: [],
}

const workspaceStatus: Machine<WorkspaceStatus> = {
  creating: ['ready', 'error', 'deleting'],
  error: ['creating', 'deleting'],
  ready: ['reassigning', 'archived', 'deleting'],
  // Back to ready with a new runtime and generation, or with the old ones and an error code. Never deleted meanwhile.
  reassigning: ['ready'],
  archived: ['ready', 'deleting'],
  deleting: ['deleted'],
  deleted: [],
}

const agentSessionStatus: Machine<AgentSessionStatus | 'gone'> = {
  creating: ['idle', 'error'],
  idle: ['busy', 'archived', 'error'],
  busy: ['idle', 'retry', 'waiting', 'interrupted', 'error'],
  retry: ['busy', 'interrupted', 'error'],
  waiting: ['busy', 'interrupted', 'error'],
  interrupted: ['busy', 'archived', 'error'],
  error: ['archived', 'busy'],
  archived: ['gone', 'idle', 'error'],
  gone: [],
}

const commandState: Machine<CommandState> = {
  accepted: ['dispatching', 'failed', 'interrupted'],
  dispatching: ['running', 'unknown', 'failed'],
  running: ['done', 'failed', 'interrupted'],
  // Only a person sends an unknown one again, as a new dispatch.
  unknown: ['dispatching', 'running', 'done', 'failed', 'interrupted'],
  done: [],
  failed: [],
  interrupted: [],
}

const worktreeState: Machine<WorktreeState> = {
  creating: ['ready', 'error'],
  ready: ['removing', 'orphaned'],
  orphaned: ['removing'],
  removing: ['removed'],
  removed: [],
  error: ['removing'],
}

const terminalState: Machine<TerminalState> = {
  // A short program may have ended before it was seen running.
  starting: ['running', 'ended', 'error', 'archived'],
  running: ['ended', 'error', 'lost', 'archived'],
  // Comes back by itself when its machine lists it again; `starting`: somebody opens it anew.
  lost: ['running', 'ended', 'error', 'starting', 'archived'],
  ended: ['starting', 'archived'],
  error: ['starting', 'archived'],
  archived: [],
}

const repoCloneState: Machine<RepoCloneState> = {
  absent: ['cloning', 'error'],
  cloning: ['ready', 'error'],
  ready: ['fetching', 'deleting', 'error'],
  fetching: ['ready', 'error'],
  error: ['cloning', 'fetching', 'deleting'],
  deleting: ['absent', 'error'],
}

const once: Machine<OnceState> = { pending: ['used', 'expired'], used: [], expired: [] }

/** The life of every entity, as data. */
export const STATE_MACHINES = {
  'machine.state': machineState,
  'machine.phase': machinePhase,
  'runtime.status': runtimeStatus,
  'workspace.status': workspaceStatus,
  'agent_session.status': agentSessionStatus,
  'command.state': commandState,
  'worktree.state': worktreeState,
  'terminal.state': terminalState,
  'repo_clone.state': repoCloneState,
  'invitation.state': once,
  'runtime_enrollment.state': once,
} as const

export type StatefulField = keyof typeof STATE_MACHINES
export type StateOf<F extends StatefulField> = keyof (typeof STATE_MACHINES)[F] & string

/** True when the step is allowed. Staying where one is is not a step. */
export function canTransition<F extends StatefulField>(field: F, from: StateOf<F>, to: StateOf<F>): boolean {
  const machine: Record<string, readonly string[]> = STATE_MACHINES[field]
  return machine[from]?.includes(to) ?? false
}

/** `to`, when it may follow `from`; otherwise throws CONFLICT with both names in its details. */
export function transition<F extends StatefulField, T extends StateOf<F>>(field: F, from: StateOf<F>, to: T): T {
  if (canTransition(field, from, to)) return to
  throw new PilotError('CONFLICT', `This cannot become "${to}" while it is "${from}". Reload and try again.`, {
    field,
    from,
    to,
  })
}

/** The states that may precede `to`, for a compare-and-set in one statement. */
export function statesBefore<F extends StatefulField>(field: F, to: StateOf<F>): StateOf<F>[] {
  const machine: Record<string, readonly string[]> = STATE_MACHINES[field]
  return Object.keys(machine).filter((from) => machine[from]?.includes(to)) as StateOf<F>[]
}
