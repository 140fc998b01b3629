import { PilotError } from '@pilot/domain/errors'
import { type Id, isId, newId } from '@pilot/domain/ids'
import type { MachineView } from '@pilot/protocol/api/views'
import { and, asc, count, eq, gt, isNull, ne, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { type MachineRow, type RuntimeRow, schema } from '../database.ts'
import type { RuntimePresence } from '../hub/port.ts'
import type { InstanceScope, MachineScope } from '../policy/scope.ts'
import { auditRow } from './audit.ts'
import { type PageInput, page } from './page.ts'

const { machine, runtime, workspace } = schema

/** Workspaces that are pinned to the runtimes of a machine, in one sub-query. */
const pinned = sql<number>`(select count(*) from workspace w join runtime r on r.id = w.runtime_id
  where r.machine_id = ${machine.id} and w.deleted_at is null)`
const columns = { machine, runtime, workspaces: pinned }
const liveRuntime = and(eq(runtime.machine_id, machine.id), isNull(runtime.revoked_at))

type Row = { machine: MachineRow; runtime: RuntimeRow | null; workspaces: number }

const fraction = (used: number, total: number) => (total > 0 ? Math.min(1, Math.max(0, used / total)) : 0)

function view(row: Row, presence: RuntimePresence | undefined): MachineView {
  const { machine: m, runtime: r } = row
  const health = presence?.online ? presence.health : null
  return {
    id: m.id,
    instance_id: m.instance_id,
    name: m.name,
    type: m.type,
    state: m.state,
    phase: m.phase,
    created_at: m.created_at.toISOString(),
    archived_at: m.archived_at?.toISOString() ?? null,
    workspaces: row.workspaces,
    runtime: r && {
      id: r.id,
      label: r.label,
      online: presence?.online ?? false,
      last_seen_at: presence?.last_seen_at ?? r.last_seen_at?.toISOString() ?? null,
      version: presence?.version ?? r.version,
      os: r.os,
      arch: r.arch,
      system: r.system,
      load: health && {
        cpu: Math.min(1, Math.max(0, health.cpu)),
        memory: fraction(health.memory_used, health.memory_total),
        disk: fraction(health.disk_used, health.disk_total),
      },
    },
  }
}

async function views(app: App, rows: Row[]): Promise<MachineView[]> {
  const ids = rows.flatMap((row) => (row.runtime ? [row.runtime.id] : []))
  const presence = ids.length > 0 ? await app.hub.presence(ids) : new Map<Id<'runtime'>, RuntimePresence>()
  return rows.map((row) => view(row, row.runtime ? presence.get(row.runtime.id) : undefined))
}

/** Machines of an instance, oldest first; archived ones only when asked for. */
export async function listMachines(app: App, scope: InstanceScope, input: PageInput & { archived?: boolean }) {
  const { limit, after } = page(input, (cursor): cursor is Id<'machine'> => isId('machine', cursor))
  const rows = await app.db
    .select(columns)
    .from(machine)
    .leftJoin(runtime, liveRuntime)
    .where(
      and(
        eq(machine.instance_id, scope.instance.id),
        eq(machine.state, input.archived ? 'archived' : 'started'),
        after ? gt(machine.id, after) : undefined,
      ),
    )
    .orderBy(asc(machine.id))
    .limit(limit + 1)
  const items = await views(app, rows.slice(0, limit))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

export async function getMachine(app: App, scope: MachineScope): Promise<MachineView> {
  const rows = await app.db
    .select(columns)
    .from(machine)
    .leftJoin(runtime, liveRuntime)
    .where(and(eq(machine.id, scope.machine.id), eq(machine.instance_id, scope.instance.id)))
    .limit(1)
  const [found] = await views(app, rows)
  if (!found) throw new PilotError('MACHINE_NOT_FOUND')
  return found
}

/** Creates the row of a machine that somebody will enrol. Throws FEATURE_DISABLED for provider types, LIMIT_REACHED. */
export async function createMachine(
  app: App,
  scope: InstanceScope,
  input: { name: string; type: MachineView['type'] },
): Promise<MachineView> {
  const { instance, organization, actor } = scope
  if (input.type !== 'manual' && input.type !== 'local')
    throw new PilotError('FEATURE_DISABLED', 'Machines of this provider cannot be created here yet. Choose "manual".')
  const [existing] = await app.db.select({ n: count() }).from(machine).where(eq(machine.instance_id, instance.id))
  if ((existing?.n ?? 0) >= (instance.limits.machines ?? app.config.limits.machines_per_instance))
    throw new PilotError('LIMIT_REACHED', 'This instance has as many machines as are allowed here.')
  const now = app.clock()
  const id = newId('machine')
  const values = { id, instance_id: instance.id, name: input.name, type: input.type, created_at: now, updated_at: now }
  const [[row]] = await app.db.batch([
    app.db.insert(machine).values(values).returning(),
    auditRow(app, actor, { action: 'machine.create', organization_id: organization.id, target: id }),
  ])
  if (!row) throw new PilotError('INTERNAL')
  await changed(app, scope)
  return view({ machine: row, runtime: null, workspaces: 0 }, undefined)
}

const changed = (app: App, { organization, instance, actor }: InstanceScope) =>
  app.hub.invalidate(organization.id, [['machine', 'list', instance.id]], actor.request_id)

async function write(app: App, scope: MachineScope, action: string, values: Partial<MachineRow>): Promise<MachineView> {
  await app.db.batch([
    app.db
      .update(machine)
      .set({ ...values, updated_at: app.clock() })
      .where(eq(machine.id, scope.machine.id)),
    auditRow(app, scope.actor, { action, organization_id: scope.organization.id, target: scope.machine.id }),
  ])
  await changed(app, scope)
  return getMachine(app, scope)
}

export const renameMachine = (app: App, scope: MachineScope, input: { name: string }) =>
  write(app, scope, 'machine.rename', { name: input.name })

export const archiveMachine = (app: App, scope: MachineScope) =>
  write(app, scope, 'machine.archive', { state: 'archived', archived_at: scope.machine.archived_at ?? app.clock() })

export const restoreMachine = (app: App, scope: MachineScope) =>
  write(app, scope, 'machine.restore', { state: 'started', archived_at: null })

/**
 * Deletes a machine. Throws MACHINE_HAS_WORKSPACES while workspaces are pinned to it; with `force` those lose their pin
 * and say so. Its runtime is revoked and cut off at once.
 */
export async function deleteMachine(app: App, scope: MachineScope, input: { force?: boolean }): Promise<void> {
  const { actor, organization } = scope
  const runtimes = await app.db.select({ id: runtime.id }).from(runtime).where(eq(runtime.machine_id, scope.machine.id))
  const held = await app.db
    .select({ id: workspace.id })
    .from(workspace)
    .innerJoin(runtime, eq(runtime.id, workspace.runtime_id))
    .where(and(eq(runtime.machine_id, scope.machine.id), ne(workspace.status, 'deleted')))
    .limit(1)
  if (held.length > 0 && !input.force) throw new PilotError('MACHINE_HAS_WORKSPACES')
  const now = app.clock()
  const ended = { ended_at: now, outcome: 'deleted' as const, updated_at: now }
  const forced = auditRow(app, actor, {
    action: 'machine.delete',
    organization_id: organization.id,
    target: scope.machine.id,
    detail: { force: input.force ?? false },
  })
  await app.db.batch([
    forced,
    ...runtimes.flatMap(({ id }) => [
      app.db
        .update(workspace)
        .set({
          status: 'error',
          error_code: 'MACHINE_NOT_FOUND',
          error_message: 'The machine of this workspace was deleted.',
          updated_at: now,
        })
        .where(and(eq(workspace.runtime_id, id), isNull(workspace.deleted_at))),
      app.db
        .update(schema.workspace_assignment)
        .set(ended)
        .where(and(eq(schema.workspace_assignment.runtime_id, id), isNull(schema.workspace_assignment.ended_at))),
    ]),
    app.db.delete(machine).where(eq(machine.id, scope.machine.id)),
  ])
  for (const { id } of runtimes) await app.hub.disconnectRuntime(id, 4003, 'the machine was deleted')
  await changed(app, scope)
}

/** Revokes the runtime of a machine: its token is worthless and its link is closed at once. */
export async function revokeMachine(app: App, scope: MachineScope): Promise<void> {
  const now = app.clock()
  const revoked = await app.db
    .update(runtime)
    .set({ status: 'revoked', revoked_at: now, updated_at: now })
    .where(and(eq(runtime.machine_id, scope.machine.id), isNull(runtime.revoked_at)))
    .returning({ id: runtime.id })
  await auditRow(app, scope.actor, {
    action: 'machine.revoke',
    organization_id: scope.organization.id,
    target: scope.machine.id,
  })
  for (const { id } of revoked) await app.hub.disconnectRuntime(id, 4003, 'the runtime was revoked')
  await changed(app, scope)
}
