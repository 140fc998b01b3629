import { type ErrorCode, ErrorCodeSchema, PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { and, asc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { schema, type WorkspaceRow } from '../database.ts'
import type { TunnelTarget, WelcomeWorkspace } from '../hub/port.ts'
import { pinWorkspace } from './assignment.ts'

const { workspace } = schema

/** A clone may take long; every progress message of the machine restarts this clock. */
const PREPARE_MS = 120_000
const PreparedSchema = z.object({ root_path: z.string().max(4_096) })

/** Codes that mean "not now" instead of "not like this": the workspace stays in `creating` and is tried again. */
const LATER: readonly ErrorCode[] = ['RUNTIME_OFFLINE', 'RUNTIME_TIMEOUT', 'CANCELLED']

/** The description of a workspace that its machine gets, in the welcome and in `workspace.prepare`. */
export const describeWorkspace = (row: WorkspaceRow): WelcomeWorkspace => ({
  workspace_id: row.id,
  instance_id: row.instance_id,
  slug: row.slug,
  name: row.name,
  type: row.type,
  generation: row.assignment_generation,
  config: row.config,
  root_path: row.root_path,
})

/** Who a background command is done for: the creator, else the first owner of the organization. */
async function actorFor(app: App, row: WorkspaceRow): Promise<TunnelTarget['actor'] | null> {
  const membership = schema.organization_user_membership
  const members = await app.db
    .select({ user_id: membership.user_id, role: membership.role })
    .from(membership)
    .innerJoin(schema.instance, eq(schema.instance.organization_id, membership.organization_id))
    .where(eq(schema.instance.id, row.instance_id))
    .orderBy(asc(membership.id))
    .limit(500)
  return members.find((member) => member.user_id === row.created_by) ?? members.find((m) => m.role === 'owner') ?? null
}

/**
 * Asks the pinned machine to make a workspace usable and writes what came of it: `ready` with its root, or `error` with
 * the machine's own code and sentence. Never throws for what the machine says. Only a workspace that is still in
 * `creating` with the same pin is written, so that a late answer cannot undo something newer.
 */
export async function prepareWorkspace(app: App, row: WorkspaceRow): Promise<void> {
  const { runtime_id } = row
  const actor = await actorFor(app, row)
  if (!runtime_id || !actor) return
  let outcome: Partial<WorkspaceRow>
  try {
    const { id: workspace_id, assignment_generation: generation } = row
    const message = { type: 'workspace.prepare', workspace_id, generation, actor, workspace: describeWorkspace(row) }
    const data = PreparedSchema.safeParse(await app.hub.command(runtime_id, message, PREPARE_MS))
    if (!data.success) throw new PilotError('RUNTIME_ERROR', 'The machine gave an answer that is not understood.')
    outcome = { status: 'ready', root_path: data.data.root_path, error_code: null, error_message: null }
  } catch (cause) {
    const error = toPilotError(cause)
    if (LATER.includes(error.code)) return
    const code = ErrorCodeSchema.parse(error.code)
    outcome = { status: 'error', error_code: code, error_message: error.message.slice(0, 1_000) }
    app.logger.warn({ workspace_id: row.id, runtime_id, code }, 'workspace could not be prepared')
  }
  await app.db
    .update(workspace)
    .set({ ...outcome, updated_at: app.clock() })
    .where(
      and(
        eq(workspace.id, row.id),
        eq(workspace.status, 'creating'),
        eq(workspace.assignment_generation, row.assignment_generation),
      ),
    )
  await announce(app, row.instance_id)
  if (outcome.status === 'ready') await app.hub.refreshWelcome(runtime_id)
}

/** Tells the tabs of an instance's organization that its workspaces changed. */
export async function announce(app: App, instanceId: Id<'instance'>, requestId?: string): Promise<void> {
  const [row] = await app.db
    .select({ id: schema.instance.organization_id })
    .from(schema.instance)
    .where(eq(schema.instance.id, instanceId))
  if (row) await app.hub.invalidate(row.id, [['workspace']], requestId)
}

/** What a machine that came online has to catch up with: workspaces that wait for it, pinned or not yet. */
export async function continueWorkspaces(app: App, runtimeId: Id<'runtime'>): Promise<void> {
  const [runtime] = await app.db.select().from(schema.runtime).where(eq(schema.runtime.id, runtimeId)).limit(1)
  if (!runtime || runtime.revoked_at) return
  const waiting = and(eq(workspace.status, 'creating'), isNull(workspace.deleted_at))
  const unassigned = await app.db
    .select()
    .from(workspace)
    .where(and(waiting, eq(workspace.instance_id, runtime.instance_id), isNull(workspace.runtime_id)))
    .limit(100)
  for (const row of unassigned) {
    const wanted = row.config.machine_id
    if (runtime.draining || (wanted !== undefined && wanted !== runtime.machine_id)) continue
    await pinWorkspace(app, row, runtimeId)
  }
  const pinned = await app.db
    .select()
    .from(workspace)
    .where(and(waiting, eq(workspace.runtime_id, runtimeId)))
    .limit(100)
  for (const row of pinned) await prepareWorkspace(app, row)
}
