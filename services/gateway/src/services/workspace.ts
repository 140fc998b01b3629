import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { generateSlug } from '@pilot/domain/slugs'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import { and, count, eq, isNull } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema, type WorkspaceRow } from '../database.ts'
import type { InstanceScope, WorkspaceScope } from '../policy/scope.ts'
import { assignmentRow, chooseRuntime } from './assignment.ts'
import { auditRow } from './audit.ts'
import { normalizeDirectory, overlap } from './directory.ts'
import { prepareWorkspace } from './preparation.ts'
import { assertSlug, claimSlug, releaseSlug, slugTaken } from './slug.ts'
import { getWorkspace } from './workspace-view.ts'

const { workspace, workspace_assignment } = schema

/** A directory is looked at quickly; the caller waits this long for the answer and sees `creating` after that. */
const ANSWER_MS = 8_000

export interface CreateWorkspace {
  name: string
  slug?: string | undefined
  type: WorkspaceRow['type']
  directory?: string | undefined
  url?: string | undefined
  runtime_id?: Id<'runtime'> | undefined
}

function configOf(app: App, input: CreateWorkspace): Record<string, unknown> {
  switch (input.type) {
    case 'local':
      return { directory: normalizeDirectory(input.directory ?? '') }
    case 'git': {
      const url = input.url?.trim() ?? ''
      if (!/^(?:https:\/\/|ssh:\/\/|[\w.-]+@[\w.-]+:)\S+$/.test(url))
        throw new PilotError('VALIDATION_FAILED', '"url": give the https or ssh address of the repository.')
      if (/^https:\/\/[^/]*@/.test(url))
        throw new PilotError('VALIDATION_FAILED', '"url": leave user names and tokens out of the address.')
      return { url }
    }
    case 'mount':
      if (!app.config.features.mount)
        throw new PilotError('FEATURE_DISABLED', 'Mounted workspaces are switched off here.')
      throw new PilotError('CAPABILITY_UNSUPPORTED', 'Mounted workspaces are not supported by this version.')
    case 'sync':
      throw new PilotError('CAPABILITY_UNSUPPORTED', 'Synchronised workspaces are not supported by this version.')
  }
}

/** Refuses a directory that is, holds, or lies in another workspace of the same machine. */
async function assertFree(app: App, runtimeId: Id<'runtime'>, directory: string, self?: Id<'workspace'>) {
  const others = await app.db
    .select({ id: workspace.id, name: workspace.name, root: workspace.root_path, config: workspace.config })
    .from(workspace)
    .where(and(eq(workspace.runtime_id, runtimeId), isNull(workspace.deleted_at)))
    .limit(2_000)
  for (const other of others) {
    if (other.id === self) continue
    for (const root of [other.root, other.config.directory]) {
      if (typeof root !== 'string') continue
      const how = overlap(directory, root)
      if (!how) continue
      const text = {
        same: 'is already the workspace',
        inside: 'is inside the workspace',
        around: 'holds the workspace',
      }[how]
      throw new PilotError('WORKSPACE_ROOT_INVALID', `This directory ${text} "${other.name}".`, { reason: 'nested' })
    }
  }
}

/**
 * Creates a workspace, pins it to a machine and has it prepared there. Throws SLUG_TAKEN, SLUG_RESERVED, LIMIT_REACHED,
 * NO_ELIGIBLE_RUNTIME or WORKSPACE_ROOT_INVALID before anything is stored; what the machine itself finds wrong is in
 * `error` of the view.
 */
export async function createWorkspace(app: App, scope: InstanceScope, input: CreateWorkspace): Promise<WorkspaceView> {
  const { organization, instance, actor } = scope
  const config = configOf(app, input)
  if (input.slug !== undefined) assertSlug(input.slug)
  const [existing] = await app.db
    .select({ n: count() })
    .from(workspace)
    .where(and(eq(workspace.instance_id, instance.id), isNull(workspace.deleted_at)))
  if ((existing?.n ?? 0) >= (instance.limits.workspaces ?? app.config.limits.workspaces_per_instance))
    throw new PilotError('LIMIT_REACHED', 'This instance has as many workspaces as are allowed here.')
  const id = newId('workspace')
  const target = { workspace_id: id, instance_id: instance.id, type: input.type }
  const runtimeId = await chooseRuntime(app, target, input.runtime_id)
  if (typeof config.directory === 'string') await assertFree(app, runtimeId, config.directory)
  const row = newWorkspaceRow(app, {
    id,
    instance_id: instance.id,
    slug: input.slug ?? generateSlug(input.name),
    name: input.name,
    type: input.type,
    config,
    runtime_id: runtimeId,
    created_by: actor.user.id,
  })
  const pin = { workspace_id: id, instance_id: instance.id, runtime_id: runtimeId, generation: 1 }
  try {
    await app.db.batch([
      ...claimSlug(app, 'workspace', id, row.slug),
      app.db.insert(workspace).values(row),
      assignmentRow(app, { ...pin, actor_user_id: actor.user.id }),
      auditRow(app, actor, { action: 'workspace.create', organization_id: organization.id, target: id }),
    ])
  } catch (cause) {
    throw slugTaken(cause)
  }
  await app.hub.invalidate(organization.id, [['workspace', 'list', instance.id]], actor.request_id)
  await prepareSoon(app, row)
  return getWorkspace(app, { ...scope, workspace: row })
}

/** A fresh row; `runtime_id` null leaves it waiting for a machine. */
export function newWorkspaceRow(
  app: App,
  given: Pick<WorkspaceRow, 'id' | 'instance_id' | 'slug' | 'name' | 'type' | 'config' | 'runtime_id' | 'created_by'>,
): WorkspaceRow {
  const now = app.clock()
  return {
    ...given,
    status: 'creating',
    assignment_generation: given.runtime_id ? 1 : 0,
    root_path: null,
    error_code: null,
    error_message: null,
    archived_at: null,
    deleted_at: null,
    created_at: now,
    updated_at: now,
  }
}

/** Prepares in the background and waits a moment for the result, so that most callers see the final state at once. */
async function prepareSoon(app: App, row: WorkspaceRow): Promise<void> {
  const work = prepareWorkspace(app, row)
  app.defer(work)
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, row.type === 'local' ? ANSWER_MS : 0)
  })
  try {
    await Promise.race([work, patience])
  } finally {
    if (timer !== undefined) clearTimeout(timer)
  }
}

const touch = (app: App, scope: WorkspaceScope) =>
  app.hub.invalidate(scope.organization.id, [['workspace']], scope.actor.request_id)

/** Changes name, slug or both. The old slug keeps leading here for 90 days. Throws SLUG_TAKEN or SLUG_RESERVED. */
export async function renameWorkspace(
  app: App,
  scope: WorkspaceScope,
  input: { name?: string | undefined; slug?: string | undefined },
): Promise<WorkspaceView> {
  const { actor, organization, workspace: row } = scope
  const slug = input.slug ?? row.slug
  const moved = slug !== row.slug
  if (moved) assertSlug(slug)
  const entry = { action: 'workspace.rename', organization_id: organization.id, target: row.id }
  try {
    await app.db.batch([
      auditRow(app, actor, { ...entry, detail: moved ? { from: row.slug, to: slug } : {} }),
      ...(moved ? [releaseSlug(app, row.id), ...claimSlug(app, 'workspace', row.id, slug)] : []),
      app.db
        .update(workspace)
        .set({ name: input.name ?? row.name, slug, updated_at: app.clock() })
        .where(eq(workspace.id, row.id)),
    ])
  } catch (cause) {
    throw slugTaken(cause)
  }
  await touch(app, scope)
  if (row.runtime_id) await app.hub.refreshWelcome(row.runtime_id)
  return getWorkspace(app, scope)
}

/** Tries a workspace that could not be prepared once more, on the machine it is pinned to. */
export async function retryWorkspace(app: App, scope: WorkspaceScope): Promise<WorkspaceView> {
  const { workspace: row } = scope
  if (row.status !== 'error' && row.status !== 'creating') return getWorkspace(app, scope)
  if (!row.runtime_id)
    throw new PilotError('NO_ELIGIBLE_RUNTIME', 'The machine of this workspace does not exist any more.')
  const fresh = { ...row, status: 'creating' as const, error_code: null, error_message: null }
  await app.db
    .update(workspace)
    .set({ status: 'creating', error_code: null, error_message: null, updated_at: app.clock() })
    .where(and(eq(workspace.id, row.id), eq(workspace.status, row.status)))
  await prepareSoon(app, fresh)
  return getWorkspace(app, scope)
}

/** Moves a workspace between ready and archived. Throws CONFLICT from any other state. */
export async function archiveWorkspace(app: App, scope: WorkspaceScope, archived: boolean): Promise<WorkspaceView> {
  const { workspace: row, actor, organization } = scope
  const [from, to] = archived ? (['ready', 'archived'] as const) : (['archived', 'ready'] as const)
  if (row.status !== to) {
    const now = app.clock()
    const changed = await app.db
      .update(workspace)
      .set({ status: to, archived_at: archived ? now : null, updated_at: now })
      .where(and(eq(workspace.id, row.id), eq(workspace.status, from)))
      .returning({ id: workspace.id })
    if (changed.length === 0)
      throw new PilotError('CONFLICT', `A workspace in the state "${row.status}" cannot become ${to}.`)
    const action = archived ? 'workspace.archive' : 'workspace.restore'
    await auditRow(app, actor, { action, organization_id: organization.id, target: row.id })
    await touch(app, scope)
  }
  return getWorkspace(app, scope)
}

/**
 * Forgets a workspace. Its machine stops serving it as soon as it can be told; the directory of a `local` one is left
 * untouched. The slug stays reserved for 90 days.
 */
export async function deleteWorkspace(app: App, scope: WorkspaceScope): Promise<void> {
  const { actor, organization, workspace: row } = scope
  if (row.status === 'reassigning')
    throw new PilotError('CONFLICT', 'The workspace is just being moved. Delete it when that has ended.')
  const now = app.clock()
  await app.db.batch([
    releaseSlug(app, row.id),
    app.db
      .update(workspace)
      .set({ status: 'deleted', deleted_at: now, updated_at: now })
      .where(eq(workspace.id, row.id)),
    app.db
      .update(workspace_assignment)
      .set({ ended_at: now, outcome: 'deleted', updated_at: now })
      .where(and(eq(workspace_assignment.workspace_id, row.id), isNull(workspace_assignment.ended_at))),
    auditRow(app, actor, { action: 'workspace.delete', organization_id: organization.id, target: row.id }),
  ])
  if (row.runtime_id) app.defer(removeFromMachine(app, scope, row.runtime_id))
  await touch(app, scope)
}

/** An offline machine learns it from its next welcome, which no longer names the workspace. */
async function removeFromMachine(app: App, scope: WorkspaceScope, runtimeId: Id<'runtime'>): Promise<void> {
  const { id: workspace_id, assignment_generation: generation } = scope.workspace
  const actor = { user_id: scope.actor.user.id, role: scope.role }
  try {
    await app.hub.command(runtimeId, { type: 'workspace.remove', workspace_id, generation, actor, force: false })
  } catch (cause) {
    app.logger.info(
      { workspace_id, error: cause instanceof Error ? cause.message : '' },
      'removal is left to the welcome',
    )
  }
  await app.hub.refreshWelcome(runtimeId)
}
