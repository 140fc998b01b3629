import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { AgentEventSource, AgentSourceItem } from '../link/agent-event-source.ts'
import type { Journal } from './journal.ts'
import type { SessionClock } from './ports.ts'
import type { SessionStore } from './store/store.ts'

/** A deletion is told again with every list for this long, so that one that was missed does not leave a ghost. */
const TOMBSTONE_MS = 7 * 24 * 3_600_000

/** The journals as the link reads them. */
export function agentEventSource(journal: Journal, store: SessionStore, clock: SessionClock): AgentEventSource {
  return {
    head(id) {
      const row = journal.session(id)
      return row && { epoch: row.epoch, seq: row.head, workspace_id: row.workspace_id }
    },
    read: (id, afterSeq, limit) => journal.read(id, afterSeq, limit),
    subscribe(listener) {
      return journal.onCommit(({ session, entries, summary }) => {
        const base = { kind: 'event', workspace_id: session.workspace_id, agent_session_id: session.id } as const
        for (const entry of entries) listener({ ...base, epoch: session.epoch, ...entry } satisfies AgentSourceItem)
        if (summary) listener({ kind: 'summary', summary })
      })
    },
    summaries(workspaceId) {
      const deleted_since = new Date(clock.now().getTime() - TOMBSTONE_MS)
      const rows = store.sessions.list({ deleted_since, ...(workspaceId ? { workspace_id: workspaceId } : {}) })
      return rows.flatMap(({ summary, session, epoch, head }): AgentSummary[] =>
        // The row has what the list was told last; position and time may have moved on since.
        summary
          ? [{ ...summary, epoch, seq: Math.max(head, summary.seq), last_activity_at: session.last_activity_at }]
          : [],
      )
    },
  }
}
