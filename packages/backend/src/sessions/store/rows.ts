import type { Id } from '@pilot/domain/ids'
import type { CommandRequest, CommandState } from '@pilot/protocol/agent/command'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { AgentError, AgentSession } from '@pilot/protocol/agent/model'

export type SessionId = Id<'agent_session'>
export type WorkspaceId = Id<'workspace'>

/** One agent session and where its journal stands. */
export interface JournalSession {
  id: SessionId
  workspace_id: WorkspaceId
  instance_id: string
  parent_id: SessionId | null
  /** Canonical body of the request that made it, to tell a repeated request from another one with the same id. */
  request: string
  /** Null until its directory exists. */
  directory: string | null
  /** The engine's own id; null until the first prompt needed it. */
  external_id: string | null
  epoch: string
  /** Boot of the machine in which the last entry was written. */
  boot_id: string
  /** Seq of the newest committed entry; 0 when there is none. */
  head: number
  /** Entries up to this seq are no longer kept. */
  floor: number
  /** A person gave the title, so the engine's own does not replace it. */
  title_by_user: boolean
  session: AgentSession
  /** As it was last told to lists. */
  summary: AgentSummary | null
  created_at: Date
  deleted_at: Date | null
}

/** One command as it is stored: what the wire shows, and what is needed to find out what became of it. */
export interface StoredCommand {
  id: Id<'command'>
  workspace_id: WorkspaceId
  session_id: SessionId
  request: CommandRequest
  state: CommandState
  /** Ids under which the engine gets a prompt, minted before it is sent. */
  message_id: string | null
  part_id: string | null
  actor_user_id: Id<'user'> | null
  error: AgentError | null
  created_at: Date
  updated_at: Date
}

/** What an id of the engine names. */
export type OwnedKind = 'session' | 'message' | 'permission' | 'question'

export interface Owner {
  session_id: SessionId
  workspace_id: WorkspaceId
}

/** JSON with sorted keys, so that equal bodies are equal strings. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
