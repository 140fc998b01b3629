import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { sha256Hex } from '../crypto/token.ts'
import { type RuntimeRow, schema, type WorkspaceRow } from '../database.ts'

const { machine, runtime, workspace, workspace_assignment } = schema

/**
 * Rendezvous hash: the runtime with the highest sha256(workspace_id | runtime_id). The same set gives the same answer in
 * any order, with no counter and no state. Null for an empty set.
 */
export async function rendezvous(
  workspaceId: Id<'workspace'>,
  runtimeIds: readonly Id<'runtime'>[],
): Promise<Id<'runtime'> | null> {
  let best: { id: Id<'runtime'>; weight: string } | null = null
  for (const id of runtimeIds) {
    const weight = await sha256Hex(`${workspaceId}|${id}`)
    if (!best || weight > best.weight) best = { id, weight }
  }
  return best?.id ?? null
}

/** Runtimes of the instance that may take a new workspace: live, online, not draining, able, and with room. */
export async function eligibleRuntimes(
  app: App,
  instanceId: Id<'instance'>,
  type: WorkspaceRow['type'],
): Promise<RuntimeRow[]> {
  const rows = await app.db
    .select({
      runtime,
      pinned: sql<number>`(select count(*) from workspace w where w.runtime_id = ${runtime.id} and w.deleted_at is null)`,
    })
    .from(runtime)
    .innerJoin(machine, eq(machine.id, runtime.machine_id))
    .where(
      and(
        eq(runtime.instance_id, instanceId),
        isNull(runtime.revoked_at),
        eq(runtime.draining, false),
        eq(machine.state, 'started'),
      ),
    )
    .limit(500)
  if (rows.length === 0) return []
  const presence = await app.hub.presence(rows.map((row) => row.runtime.id))
  return rows
    .filter(({ runtime: r, pinned }) => {
      const able = type === 'git' ? r.capabilities.git !== false : true
      return presence.get(r.id)?.online === true && able && pinned < (r.limits.workspaces ?? Number.POSITIVE_INFINITY)
    })
    .map((row) => row.runtime)
}

/** The runtime for a new workspace. Throws NO_ELIGIBLE_RUNTIME, also when the named one cannot take it. */
export async function chooseRuntime(
  app: App,
  target: { instance_id: Id<'instance'>; workspace_id: Id<'workspace'>; type: WorkspaceRow['type'] },
  wanted?: Id<'runtime'>,
): Promise<Id<'runtime'>> {
  const eligible = (await eligibleRuntimes(app, target.instance_id, target.type)).map((row) => row.id)
  if (wanted !== undefined) {
    if (eligible.includes(wanted)) return wanted
    throw new PilotError('NO_ELIGIBLE_RUNTIME', 'The chosen machine is offline, or it cannot take this workspace.')
  }
  const chosen = await rendezvous(target.workspace_id, eligible)
  if (!chosen) throw new PilotError('NO_ELIGIBLE_RUNTIME')
  return chosen
}

/** The open row of the history of pins. */
export function assignmentRow(
  app: App,
  pin: {
    workspace_id: Id<'workspace'>
    instance_id: Id<'instance'>
    runtime_id: Id<'runtime'>
    generation: number
    actor_user_id: Id<'user'> | null
  },
) {
  const now = app.clock()
  const times = { started_at: now, created_at: now, updated_at: now }
  return app.db.insert(workspace_assignment).values({ ...pin, reason: 'initial', ...times })
}

/**
 * Pins a workspace that has no runtime. The write is a compare-and-set on the empty pin; of two callers one wins and
 * the other gets false. After that the pin never moves by itself.
 */
export async function pinWorkspace(app: App, row: WorkspaceRow, runtimeId: Id<'runtime'>): Promise<boolean> {
  const generation = row.assignment_generation + 1
  const [won] = await app.db
    .update(workspace)
    .set({ runtime_id: runtimeId, assignment_generation: generation, updated_at: app.clock() })
    .where(
      and(
        eq(workspace.id, row.id),
        isNull(workspace.runtime_id),
        eq(workspace.assignment_generation, row.assignment_generation),
      ),
    )
    .returning({ id: workspace.id })
  if (!won) return false
  await app.db.batch([
    app.db
      .update(workspace_assignment)
      .set({ ended_at: app.clock(), outcome: 'moved' })
      .where(and(eq(workspace_assignment.workspace_id, row.id), isNull(workspace_assignment.ended_at))),
    assignmentRow(app, {
      workspace_id: row.id,
      instance_id: row.instance_id,
      runtime_id: runtimeId,
      generation,
      actor_user_id: row.created_by,
    }),
  ])
  return true
}
