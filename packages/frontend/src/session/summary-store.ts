import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { SessionView } from '@pilot/protocol/api/views'

/** True when the summary shows a later state of the session than the row. */
export function isNewer(summary: AgentSummary, row: Pick<SessionView, 'epoch' | 'seq' | 'last_activity_at'>): boolean {
  if (summary.epoch === row.epoch) return summary.seq > row.seq
  return summary.last_activity_at >= row.last_activity_at
}

/** A row as a list shows it, made of a summary that came over the link. */
export function rowOf(summary: AgentSummary, agent: SessionView['agent'] = 'opencode'): SessionView {
  return {
    id: summary.agent_session_id,
    workspace_id: summary.workspace_id,
    agent,
    title: summary.title,
    status: summary.status,
    attention: summary.attention,
    activity: summary.activity,
    branch: summary.branch,
    additions: summary.additions,
    deletions: summary.deletions,
    parent_id: summary.parent_id,
    created_at: summary.created_at,
    last_activity_at: summary.last_activity_at,
    archived_at: summary.archived_at,
    epoch: summary.epoch,
    seq: summary.seq,
  }
}

/** The rows of the control plane brought up to date with what the machine said since; deleted sessions leave. */
export function mergeSummaries(
  rows: readonly SessionView[],
  summaries: ReadonlyMap<string, AgentSummary>,
): readonly SessionView[] {
  if (summaries.size === 0) return rows
  const seen = new Set<string>()
  const merged: SessionView[] = []
  for (const row of rows) {
    seen.add(row.id)
    const summary = summaries.get(row.id)
    if (!summary || !isNewer(summary, row)) merged.push(row)
    else if (!summary.deleted) merged.push(rowOf(summary, row.agent))
  }
  for (const [id, summary] of summaries) if (!seen.has(id) && !summary.deleted) merged.push(rowOf(summary))
  return merged
}
