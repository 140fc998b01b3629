import { PilotError } from '@pilot/domain/errors'
import { type Id, isId } from '@pilot/domain/ids'
import { type AgentSummary, AgentSummarySchema } from '@pilot/protocol/agent/event'
import { AgentKindSchema } from '@pilot/protocol/agent/model'
import type { SessionView } from '@pilot/protocol/api/views'
import { and, desc, eq, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { type AgentSessionRow, schema } from '../database.ts'
import type { WorkspaceScope } from '../policy/scope.ts'
import type { PageInput } from './page.ts'

const { agent_session, workspace } = schema

const view = (row: AgentSessionRow): SessionView => ({
  id: row.id,
  workspace_id: row.workspace_id,
  agent: row.agent,
  title: row.title,
  status: row.status,
  attention: row.attention,
  activity: row.activity,
  branch: row.branch,
  additions: row.additions,
  deletions: row.deletions,
  parent_id: row.parent_id,
  created_at: row.created_at.toISOString(),
  last_activity_at: row.last_activity_at.toISOString(),
  archived_at: row.archived_at?.toISOString() ?? null,
  epoch: row.epoch,
  seq: row.seq,
})

/** Where a page of sessions ends: `<last activity in ms>:<id>`. */
function parseCursor(cursor: string): { at: Date; id: Id<'agent_session'> } {
  const [time, id] = cursor.split(':')
  const at = new Date(Number(time))
  if (!isId('agent_session', id) || Number.isNaN(at.getTime()))
    throw new PilotError('VALIDATION_FAILED', '"cursor": is not one that this list gave out')
  return { at, id }
}

/** Agent sessions of a workspace, most recent activity first. Read from the rows, so it works while the machine is off. */
export async function listSessions(app: App, scope: WorkspaceScope, input: PageInput & { archived?: boolean }) {
  const limit = input.limit ?? 100
  const after = input.cursor === undefined ? null : parseCursor(input.cursor)
  const rows = await app.db
    .select()
    .from(agent_session)
    .where(
      and(
        eq(agent_session.workspace_id, scope.workspace.id),
        eq(agent_session.instance_id, scope.instance.id),
        input.archived ? isNotNull(agent_session.archived_at) : isNull(agent_session.archived_at),
        after
          ? or(
              lt(agent_session.last_activity_at, after.at),
              and(eq(agent_session.last_activity_at, after.at), lt(agent_session.id, after.id)),
            )
          : undefined,
      ),
    )
    .orderBy(desc(agent_session.last_activity_at), desc(agent_session.id))
    .limit(limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next_cursor = rows.length > limit && last ? `${last.last_activity_at.getTime()}:${last.id}` : null
  return { items: items.map(view), next_cursor }
}

/**
 * Writes the row of an agent session from its journal's summary, and tells whether it did. A runtime may only tell of
 * workspaces that are pinned to it, and only newer things: another epoch, or a higher sequence number of the same.
 */
export async function projectSummary(app: App, runtimeId: Id<'runtime'>, given: AgentSummary): Promise<boolean> {
  const summary = AgentSummarySchema.parse(given)
  const [pinned] = await app.db
    .select({ instance_id: workspace.instance_id })
    .from(workspace)
    .where(
      and(eq(workspace.id, summary.workspace_id), eq(workspace.runtime_id, runtimeId), isNull(workspace.deleted_at)),
    )
    .limit(1)
  if (!pinned) {
    app.logger.warn(
      { runtime_id: runtimeId, workspace_id: summary.workspace_id },
      'summary of a foreign workspace dropped',
    )
    return false
  }
  const mine = and(eq(agent_session.id, summary.agent_session_id), eq(agent_session.workspace_id, summary.workspace_id))
  if (summary.deleted) {
    const gone = await app.db.delete(agent_session).where(mine).returning({ id: agent_session.id })
    return gone.length > 0
  }
  const now = app.clock()
  const fields = {
    runtime_id: runtimeId,
    external_id: summary.external_id,
    title: summary.title.slice(0, 300),
    status: summary.status,
    attention: summary.attention,
    activity: summary.activity.slice(0, 500),
    branch: summary.branch,
    additions: summary.additions,
    deletions: summary.deletions,
    epoch: summary.epoch,
    seq: summary.seq,
    parent_id: summary.parent_id,
    last_activity_at: time(summary.last_activity_at, now),
    archived_at: summary.archived_at === null ? null : time(summary.archived_at, now),
    updated_at: now,
  }
  const written = await app.db
    .insert(agent_session)
    .values({
      id: summary.agent_session_id,
      instance_id: pinned.instance_id,
      workspace_id: summary.workspace_id,
      agent: AgentKindSchema.catch('none').parse(summary.agent),
      created_by: summary.created_by,
      created_at: time(summary.created_at, now),
      ...fields,
    })
    .onConflictDoUpdate({
      target: agent_session.id,
      set: fields,
      setWhere: sql`${agent_session.workspace_id} = ${summary.workspace_id}
        and (${agent_session.epoch} <> ${summary.epoch} or ${agent_session.seq} < ${summary.seq})`,
    })
    .returning({ id: agent_session.id })
  return written.length > 0
}

/** A time as the runtime gave it; one that cannot be read becomes now. */
function time(iso: string, now: Date): Date {
  const at = new Date(iso)
  return Number.isNaN(at.getTime()) ? now : at
}
