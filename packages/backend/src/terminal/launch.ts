import { stat } from 'node:fs/promises'
import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentProgram, Launch } from '@pilot/protocol/terminal/rest'
import { resolveInside } from '../workspaces/jail.ts'
import { terminalEnvironment } from './environment.ts'
import { labelOf, type TerminalPrograms } from './programs.ts'
import type { OpenOrder } from './service.ts'
import type { SourceSpec } from './source.ts'

export interface LaunchDeps {
  programs: TerminalPrograms
  /** What the user's login shell would give to a program. */
  environment(): Promise<Record<string, string>>
  /** Resolved root of a workspace, checked now. Throws what stands in the way. */
  workspaceRoot(workspaceId: Id<'workspace'>): Promise<string>
  /** Directory of an agent session of this workspace; null when there is none. */
  sessionDirectory(workspaceId: Id<'workspace'>, sessionId: Id<'agent_session'>): string | null
  /** Called before an agent program starts; a failure does not stop it. */
  beforeAgent(workspaceId: Id<'workspace'>, program: AgentProgram, cwd: string): Promise<void>
}

/** Throws PATH_OUTSIDE_WORKSPACE, or NOT_FOUND with the directory as it was asked for. */
async function directoryOf(base: string, wanted: string): Promise<string> {
  try {
    return await resolveInside(base, wanted)
  } catch (cause) {
    const { code } = toPilotError(cause)
    if (code !== 'NOT_FOUND' || wanted === '') throw cause
    throw new PilotError('NOT_FOUND', `There is no directory "${wanted.slice(0, 200)}" in the workspace.`, undefined, {
      cause,
    })
  }
}

type Argv = [string, ...string[]]

/** Shows the command, then becomes it. */
const VISIBLY = 'printf "\\033[2m$ %s\\033[0m\\r\\n" "$1"; shift; exec "$@"'

/**
 * Finds what an order means on this machine. Throws VALIDATION_FAILED (missing shell or program),
 * PATH_OUTSIDE_WORKSPACE, NOT_FOUND (directory, agent session).
 */
export async function prepareLaunch(deps: LaunchDeps, order: OpenOrder): Promise<SourceSpec> {
  const { terminal_id: terminalId, workspace_id, agent_session_id, launch, cols, rows } = order
  const root = await deps.workspaceRoot(workspace_id)
  const base = agent_session_id === undefined ? root : deps.sessionDirectory(workspace_id, agent_session_id)
  if (base === null) throw new PilotError('NOT_FOUND', 'There is no such agent session in this workspace.')
  const cwd = await directoryOf(base, order.cwd)
  if (!(await stat(cwd)).isDirectory()) throw new PilotError('NOT_FOUND', 'This is a file and no directory.')
  const login = await deps.environment()
  const env = terminalEnvironment(login, { id: terminalId, toolsBin: deps.programs.toolsBin })
  const spec = { terminalId, cwd, env, cols, rows }
  if (launch.kind === 'tmux') return { ...spec, layer: { kind: 'tmux', session: launch.session, own: false } }
  const argv = await commandLine(deps, launch)
  if (launch.kind !== 'shell' && launch.kind !== 'install') {
    await deps.beforeAgent(workspace_id, launch.kind, cwd).catch(() => undefined)
  }
  return order.source === 'tmux'
    ? { ...spec, layer: { kind: 'tmux', session: terminalId, own: true, argv } }
    : { ...spec, layer: { kind: 'pty', argv } }
}

async function commandLine({ programs }: LaunchDeps, launch: Exclude<Launch, { kind: 'tmux' }>): Promise<Argv> {
  if (launch.kind === 'shell') return [await programs.shell(launch.shell)]
  if (launch.kind === 'install') {
    const installation = await programs.installation(launch.program)
    if (installation) return ['/bin/sh', '-c', VISIBLY, 'sh', installation.shown, ...installation.argv]
    const sentence = `npm is not installed on this machine, so ${labelOf(launch.program)} cannot be installed from here.`
    throw new PilotError('VALIDATION_FAILED', sentence)
  }
  const path = await programs.find(launch.kind)
  if (path !== null) return [path]
  throw new PilotError(
    'VALIDATION_FAILED',
    `${labelOf(launch.kind)} is not installed on this machine. Install it first.`,
  )
}
