import type { Id } from '@pilot/domain/ids'
import type { AgentEvent, AgentSummary, Position } from '@pilot/protocol/agent/event'

/**
 * What the link needs of the journals of agent sessions. The link only reads: an event exists for it once the journal
 * has committed it, and `read` and `subscribe` agree on every sequence number.
 */
export interface AgentEventSource {
  /** Newest committed position and the owning workspace; null when there is no such session. */
  head(agentSessionId: Id<'agent_session'>): AgentHead | null
  /**
   * Committed entries after `afterSeq` in order, at most `limit`. When older entries are no longer kept, the first
   * one returned has a seq above `afterSeq + 1`: the caller then tells its viewer to refetch.
   */
  read(agentSessionId: Id<'agent_session'>, afterSeq: number, limit: number): AgentEntry[]
  /**
   * Calls `listener` right after each commit, in order, and never for something uncommitted. The listener does not
   * throw. Returns the function that ends the subscription.
   */
  subscribe(listener: (item: AgentSourceItem) => void): () => void
  /** Present summary of every session that is not deleted, of one workspace or of all. */
  summaries(workspaceId?: Id<'workspace'>): AgentSummary[]
}

export type AgentHead = Position & { workspace_id: Id<'workspace'> }

export interface AgentEntry {
  seq: number
  event: AgentEvent
}

export type AgentSourceItem =
  | ({
      kind: 'event'
      workspace_id: Id<'workspace'>
      agent_session_id: Id<'agent_session'>
      epoch: string
    } & AgentEntry)
  /** Sent on every change of what a list shows, also once with `deleted: true`. */
  | { kind: 'summary'; summary: AgentSummary }
