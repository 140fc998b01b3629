import type { Id } from '@pilot/domain/ids'
import type { Command, CommandRequest } from '@pilot/protocol/agent/command'
import type { SessionSnapshot } from '@pilot/protocol/agent/event'
import type { AgentSession } from '@pilot/protocol/agent/model'
import type {
  Capabilities,
  CreateSession,
  ModelStatus,
  RuntimeHealth,
  SessionDiff,
  UpdateSession,
  WorkspaceInfo,
} from '@pilot/protocol/agent/rest'

export type SessionId = Id<'agent_session'>
export type CommandId = Id<'command'>

/** Every call may be aborted; an aborted call throws the signal's reason, everything else a PilotClientError. */
export interface CallOptions {
  signal?: AbortSignal
}

/**
 * What a workspace's machine can be asked for, below `/api/chamber/workspaces/:slug`. Reads may be repeated at will;
 * creating and commands carry a client-made id, so that repeating them has one effect.
 */
export interface RuntimeAPIs {
  readonly slug: string
  capabilities(options?: CallOptions): Promise<Capabilities>
  /** Link, backend and engine each on its own. */
  health(options?: CallOptions): Promise<RuntimeHealth>
  /** What the machine says about the workspace's directory right now. */
  workspace(options?: CallOptions): Promise<WorkspaceInfo>
  model(options?: CallOptions): Promise<ModelStatus>
  sessions: {
    create(request: CreateSession, options?: CallOptions): Promise<AgentSession>
    update(id: SessionId, change: UpdateSession, options?: CallOptions): Promise<AgentSession>
    /** Refused with WORKTREE_DIRTY while the worktree has changes that are not committed, unless forced. */
    delete(id: SessionId, force: boolean, options?: CallOptions): Promise<void>
    /** The newest page, or with `before` (a message id) the page that ends just before it. */
    snapshot(id: SessionId, page?: { before?: string; limit?: number }, options?: CallOptions): Promise<SessionSnapshot>
    /** All changed files with their hunks, or one file whole with `path`. */
    diff(id: SessionId, path?: string, options?: CallOptions): Promise<SessionDiff>
    /** The whole output of a tool call as text. */
    partOutput(id: SessionId, partId: string, options?: CallOptions): Promise<string>
  }
  commands: {
    /** Resolves once the machine has stored the command (202). The session is the one in the request, never another. */
    send(request: CommandRequest, options?: CallOptions): Promise<Command>
    get(session: SessionId, id: CommandId, options?: CallOptions): Promise<Command>
  }
}
