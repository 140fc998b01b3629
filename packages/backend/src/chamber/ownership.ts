import { realpath } from 'node:fs/promises'
import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'

/** What the chamber must know of the sessions to keep workspaces apart. Implemented over the session store. */
export interface ChamberOwnership {
  /** Who owns an id of OpenCode; null when nobody here does. */
  owner(
    kind: 'session' | 'message' | 'permission' | 'question',
    externalId: string,
  ): { session_id: Id<'agent_session'>; workspace_id: Id<'workspace'> } | null
  /** Directory in which a session of ours works; null when it has none. */
  directory(sessionId: Id<'agent_session'>): string | null
  /** True when the directory is the workspace's root or one of its worktrees; cheap, asked for each event. */
  holds(workspaceId: Id<'workspace'>, directory: string): boolean
  /** Sessions of a workspace, as lists show them. */
  summaries(workspaceId: Id<'workspace'>): AgentSummary[]
}

/** Directories that OpenCode may be asked about on behalf of a workspace: its root and those of its sessions. */
export function directoriesOf(
  ownership: ChamberOwnership,
  workspaceId: Id<'workspace'>,
  root: string | null,
): Set<string> {
  const directories = new Set(root === null ? [] : [root])
  for (const summary of ownership.summaries(workspaceId)) {
    const directory = ownership.directory(summary.agent_session_id)
    if (directory !== null) directories.add(directory)
  }
  return directories
}

/**
 * The directory that a client asked for, resolved: accepted only when it is one of the workspace's own. Undefined when
 * none was asked for. Throws PATH_OUTSIDE_WORKSPACE, whether or not there is such a directory.
 */
export async function clientDirectory(url: URL, allowed: () => ReadonlySet<string>): Promise<string | undefined> {
  const asked = url.searchParams.getAll('directory')
  if (asked.length === 0) return undefined
  const [directory] = asked
  if (asked.length === 1 && directory?.startsWith('/') && !directory.includes('\0')) {
    const resolved = await realpath(directory).catch(() => null)
    if (resolved !== null && allowed().has(resolved)) return resolved
  }
  throw new PilotError('PATH_OUTSIDE_WORKSPACE', 'This directory is not part of the workspace. Leave it out.')
}
