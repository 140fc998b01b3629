import type { Id } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'

/** A summary as a runtime sends it. */
export const summaryOf = (workspace_id: Id<'workspace'>, agent_session_id: Id<'agent_session'>): AgentSummary => ({
  agent_session_id,
  workspace_id,
  epoch: 'e1',
  seq: 1,
  status: 'idle',
  attention: 'none',
  title: 'A session',
  activity: '',
  branch: null,
  additions: 0,
  deletions: 0,
  agent: 'opencode',
  external_id: null,
  parent_id: null,
  created_by: null,
  created_at: '2026-01-01T00:00:00.000Z',
  last_activity_at: '2026-01-01T00:00:00.000Z',
  archived_at: null,
  deleted: false,
})
