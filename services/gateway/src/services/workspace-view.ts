import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import { type Id, isId } from '@pilot/domain/ids'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import { and, asc, eq, gt, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema, type WorkspaceRow } from '../database.ts'
import type { RuntimePresence } from '../hub/port.ts'
import type { InstanceScope, WorkspaceScope } from '../policy/scope.ts'
import { type PageInput, page } from './page.ts'

const { machine, runtime, workspace } = schema

const sessions = (condition: SQL) =>
  sql<number>`(select count(*) from agent_session s where s.workspace_id = ${workspace.id}
    and s.archived_at is null ${condition})`
const columns = {
  workspace,
  machine: { id: machine.id, name: machine.name },
  seen: runtime.last_seen_at,
  waiting: sessions(sql`and s.attention in ('permission', 'question')`),
  working: sessions(sql`and s.status in ('busy', 'retry')`),
  total: sessions(sql``),
}
interface Row {
  workspace: WorkspaceRow
  machine: { id: Id<'machine'>; name: string } | null
  seen: Date | null
  waiting: number
  working: number
  total: number
}

const problem = (code: ErrorCode | null, message: string | null) =>
  code === null ? null : { code, message: message ?? new PilotError(code).message }

function view(scope: InstanceScope, row: Row, presence: RuntimePresence | undefined): WorkspaceView {
  const { workspace: w, machine: m } = row
  return {
    id: w.id,
    instance_id: w.instance_id,
    organization_id: scope.organization.id,
    organization_slug: scope.organization.slug,
    instance_slug: scope.instance.slug,
    slug: w.slug,
    name: w.name,
    type: w.type,
    status: w.status,
    error: problem(w.error_code, w.error_message),
    root_path: w.root_path ?? (typeof w.config.directory === 'string' ? w.config.directory : null),
    role: scope.role,
    machine:
      m && w.runtime_id
        ? {
            id: m.id,
            name: m.name,
            runtime_id: w.runtime_id,
            online: presence?.online ?? false,
            last_seen_at: presence?.last_seen_at ?? row.seen?.toISOString() ?? null,
          }
        : null,
    sessions: { waiting: row.waiting, working: row.working, total: row.total },
    created_at: w.created_at.toISOString(),
  }
}

const select = (app: App) =>
  app.db
    .select(columns)
    .from(workspace)
    .leftJoin(runtime, eq(runtime.id, workspace.runtime_id))
    .leftJoin(machine, eq(machine.id, runtime.machine_id))

async function views(app: App, scope: InstanceScope, rows: Row[]): Promise<WorkspaceView[]> {
  const ids = [...new Set(rows.flatMap((row) => (row.workspace.runtime_id ? [row.workspace.runtime_id] : [])))]
  const presence = ids.length > 0 ? await app.hub.presence(ids) : new Map<Id<'runtime'>, RuntimePresence>()
  return rows.map((row) =>
    view(scope, row, row.workspace.runtime_id ? presence.get(row.workspace.runtime_id) : undefined),
  )
}

/** Workspaces of an instance, oldest first; archived ones only when asked for, deleted ones never. */
export async function listWorkspaces(app: App, scope: InstanceScope, input: PageInput & { archived?: boolean }) {
  const { limit, after } = page(input, (cursor): cursor is Id<'workspace'> => isId('workspace', cursor))
  const rows = await select(app)
    .where(
      and(
        eq(workspace.instance_id, scope.instance.id),
        isNull(workspace.deleted_at),
        input.archived ? eq(workspace.status, 'archived') : ne(workspace.status, 'archived'),
        after ? gt(workspace.id, after) : undefined,
      ),
    )
    .orderBy(asc(workspace.id))
    .limit(limit + 1)
  const items = await views(app, scope, rows.slice(0, limit))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** The workspace of a scope as it stands now. */
export async function getWorkspace(app: App, scope: WorkspaceScope): Promise<WorkspaceView> {
  const rows = await select(app)
    .where(and(eq(workspace.id, scope.workspace.id), eq(workspace.instance_id, scope.instance.id)))
    .limit(1)
  const [found] = await views(app, scope, rows)
  if (!found) throw new PilotError('WORKSPACE_NOT_FOUND')
  return found
}
