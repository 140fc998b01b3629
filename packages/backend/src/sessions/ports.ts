import type { Id } from '@pilot/domain/ids'
import type { FileChange, ModelRef, WorktreeRef } from '@pilot/protocol/agent/model'
import type { SessionDiff } from '@pilot/protocol/agent/rest'

/**
 * Where a session works. Implemented over git by the machine's worktree service; the session service never touches the
 * file system itself.
 */
export interface SessionDirectories {
  /**
   * Makes the directory of a session and gives its absolute path. Idempotent by `session_id`: called again after a
   * crash it gives the same directory. `worktree` is null when the workspace is not a repository and the session works
   * in the workspace directory itself. Throws PilotError WORKSPACE_ROOT_INVALID, GIT_UNAVAILABLE, VALIDATION_FAILED
   * (unknown base) or WORKSPACE_NOT_FOUND.
   */
  create(input: {
    session_id: Id<'agent_session'>
    workspace_id: Id<'workspace'>
    base_ref?: string
    title: string
  }): Promise<{ directory: string; worktree: WorktreeRef | null }>
  /** Removes the worktree, if there is one. Throws WORKTREE_DIRTY without `force`. Idempotent. */
  remove(sessionId: Id<'agent_session'>, options: { force: boolean }): Promise<void>
  /** What the session changed against its base, with patches; of one file when `path` is given. */
  diff(sessionId: Id<'agent_session'>, path?: string): Promise<SessionDiff>
  /** The same without patches, cheap enough to ask after every edit. */
  changes(sessionId: Id<'agent_session'>): Promise<{ changes: FileChange[]; truncated: boolean }>
}

/** Time as the session service sees it; tests give their own. */
export interface SessionClock {
  now(): Date
  /** Calls `run` once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: SessionClock = {
  now: () => new Date(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Operator's log; what goes in never reaches a client. */
export type SessionLog = (message: string, cause?: unknown) => void

/** The model that the next prompt uses. */
export type CurrentModel = () => ModelRef

/** Who asks, taken from the link and never from a request's body. */
export interface SessionActor {
  user_id: Id<'user'>
  role: 'owner' | 'admin' | 'member'
}

/** Hono variables set by the app factory before any session route runs. */
export interface RequestContext {
  workspace_id: Id<'workspace'>
  generation: number
  actor: SessionActor
  request_id: string
}
