import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession } from '@pilot/protocol/agent/model'
import type { JournalSession } from './store/rows.ts'

const ACTIVITY_CHARS = 160

function oneLine(text: string): string {
  const line = text
    .slice(0, ACTIVITY_CHARS * 4)
    .replace(/\s+/g, ' ')
    .trim()
  return (line.length > ACTIVITY_CHARS ? `${line.slice(0, ACTIVITY_CHARS - 1)}…` : line).toWellFormed()
}

/** One line of what is going on or what is asked; empty when nothing is. */
export function activityOf(state: SessionState): string {
  const status = state.session?.status
  if (status === 'interrupted' || status === 'error' || status === 'retry')
    return oneLine(state.session?.error?.message ?? '')
  if (status === 'waiting') {
    const permission = state.permissions.find((ask) => ask.resolution === null)
    if (permission) return oneLine(permission.title)
    const question = state.questions.find((ask) => ask.resolution === null)
    return oneLine(question?.items[0]?.question ?? '')
  }
  if (status !== 'busy') return ''
  const parts = state.messages.at(-1)?.parts ?? []
  const tool = parts.findLast(
    (part) => part.type === 'tool' && (part.status === 'running' || part.status === 'pending'),
  )
  if (tool?.type === 'tool') return oneLine(tool.title || tool.tool)
  const last = parts.at(-1)
  return last?.type === 'text' && state.messages.at(-1)?.role === 'assistant' ? 'Writing an answer' : 'Thinking'
}

/** What a list shows of a session; null while it is still being made. */
export function summaryOf(
  row: Pick<JournalSession, 'id' | 'workspace_id' | 'epoch' | 'external_id'>,
  seq: number,
  state: SessionState,
): AgentSummary | null {
  const session = state.session
  if (!session || session.status === 'creating') return null
  let additions = 0
  let deletions = 0
  for (const change of state.changes) {
    additions += change.additions
    deletions += change.deletions
  }
  return {
    agent_session_id: row.id,
    workspace_id: row.workspace_id,
    epoch: row.epoch,
    seq,
    ...shown(session),
    activity: activityOf(state),
    additions,
    deletions,
    external_id: row.external_id,
    deleted: false,
  }
}

function shown(session: AgentSession) {
  const { status, attention, title, agent, parent_id, created_by, created_at, last_activity_at, archived_at } = session
  const branch = session.worktree?.branch ?? null
  return { status, attention, title, agent, parent_id, created_by, created_at, last_activity_at, archived_at, branch }
}

/** True when a list shows something else than before; a new position or time alone is not worth a message. */
export function summaryChanged(before: AgentSummary | null, after: AgentSummary): boolean {
  if (!before) return true
  return (Object.keys(after) as (keyof AgentSummary)[]).some(
    (key) => key !== 'seq' && key !== 'last_activity_at' && after[key] !== before[key],
  )
}
